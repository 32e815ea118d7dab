/* The floor of bench_idle: bare libcurl, one HTTPS request to $BOT_REST_URL, then its memory. */
#include <curl/curl.h>
#include <stdlib.h>

#include "memory.h"

static size_t swallow(char *bytes, size_t size, size_t n, void *user_data)
{
    (void)bytes, (void)user_data;
    return size * n;
}

int main(void)
{
    char url[512];
    const char *base = getenv("BOT_REST_URL"), *ca = getenv("BOT_CA_FILE");
    if (base == NULL || ca == NULL) return 2;
    snprintf(url, sizeof url, "%s/v5/market/time", base);
    curl_global_init(CURL_GLOBAL_ALL);
    CURL *const easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 10000L);
    const CURLcode err = curl_easy_perform(easy);
    if (err != CURLE_OK) {
        fprintf(stderr, "bench_idle_floor: %s\n", curl_easy_strerror(err));
        return 1;
    }
    memory_print("bare libcurl, one request");
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return 0;
}

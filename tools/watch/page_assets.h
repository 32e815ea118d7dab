/* watch/page_assets.h: the files of the page, built into the program (embed.py writes page_assets.c). */
#ifndef WATCH_PAGE_ASSETS_H
#define WATCH_PAGE_ASSETS_H

#include <stddef.h>

struct page_asset {
    const char *path, *content_type;
    const unsigned char *bytes;
    size_t len;
};
extern const struct page_asset page_assets[]; /* path NULL ends it */

#endif

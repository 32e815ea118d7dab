#include "bot/err.h"

const char *bot_strerror(int err)
{
    switch (err) {
#define X(name, value, class_, text) case value: return text;
        BOT_ERR_LIST(X)
#undef X
    default: return err >= 0 ? "success" : "unknown error";
    }
}

const char *bot_err_name(int err)
{
    switch (err) {
#define X(name, value, class_, text) case value: return #name;
        BOT_ERR_LIST(X)
#undef X
    default: return err >= 0 ? "OK" : "UNKNOWN_ERROR";
    }
}

bot_err_class_id bot_err_class(int err)
{
    switch (err) {
#define X(name, value, class_, text) case value: return BOT_CLASS_##class_;
        BOT_ERR_LIST(X)
#undef X
    default: return err >= 0 ? BOT_CLASS_OK : BOT_CLASS_FATAL;
    }
}

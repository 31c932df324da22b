/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/notify.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "base/array.h"
#include "base/escape.h"
#include "base/lazy.h"
#include "base/text.h"

/* journalctl MESSAGE_ID=...; listed in ptprep(8) */
#define MESSAGE_ID_FINDING "6c3d2c1f0b5d4e0e9b0a51c4f5a6d7e1"
#define MESSAGE_ID_VERDICT "f0a1b7cf7d1c4ca79c3b8c2f6e4d9a02"

/* Loaded only when something is to be said: its own libraries cost more start-up time than a whole check. */
LAZY_NOTE("systemd", "findings in the journal", "recommended", "libsystemd.so.0");

LAZY_FUNCTION(sd_journal_sendv);
LAZY_FUNCTION(sd_notify);

static int load(void)
{
        static const LazySymbol symbols[] = { LAZY_SYMBOL(sd_journal_sendv), LAZY_SYMBOL(sd_notify) };

        return lazy_load("libsystemd.so.0", symbols, ELEMENTSOF(symbols));
}

static int send_fields(const StringList *fields)
{
        struct iovec iov[8];
        size_t n = 0;

        FOREACH_ARRAY(s, fields->items, MIN(fields->n, ELEMENTSOF(iov)))
                iov[n++] = (struct iovec){ *s, strlen(*s) };
        return sym_sd_journal_sendv(iov, (int) n);
}

/* A field of an entry; what others wrote is escaped, so that it is one line without a surprise in whatever shows it. */
static int add_field(StringList *l, const char *name, const char *value)
{
        _cleanup_free_ char *escaped = NULL;
        int r = escape_text(value, &escaped);

        return r < 0 ? r : string_list_addf(l, "%s=%s", name, escaped);
}

static int send_finding(const Finding *f)
{
        _cleanup_(string_list_done) StringList l = {};
        _cleanup_free_ char *message = NULL;
        int r = string_printf(&message, "%s: %s%s%s", f->check, f->subject ?: "", f->subject ? ": " : "", f->detail);

        if (r >= 0)
                r = add_field(&l, "MESSAGE", message);
        if (r >= 0)
                r = string_list_addf(&l, "PRIORITY=%d",
                                     f->result == RESULT_BLOCKED   ? LOG_ERR
                                     : f->cure_kind == CURE_REBOOT ? LOG_NOTICE /* which is no fault */
                                                                   : LOG_WARNING);
        if (r >= 0)
                r = string_list_add(&l, "MESSAGE_ID=" MESSAGE_ID_FINDING);
        if (r >= 0)
                r = add_field(&l, "PTPREP_CHECK", f->check);
        if (r >= 0)
                r = add_field(&l, "PTPREP_RESULT", result_to_string(f->result));
        if (r >= 0 && f->subject)
                r = add_field(&l, "PTPREP_DEVICE", f->subject);
        if (r >= 0 && f->cure)
                r = add_field(&l, "PTPREP_CURE", f->cure);
        return r < 0 ? r : send_fields(&l);
}

int notify_findings(const FindingList *l, const char *verdict, const char *headline)
{
        _cleanup_(string_list_done) StringList fields = {};
        int r = load();

        if (r < 0)
                return r;
        FOREACH_ARRAY(f, l->items, l->n) {
                r = send_finding(f);
                if (r < 0)
                        return r;
        }
        r = add_field(&fields, "MESSAGE", headline);
        if (r >= 0)
                r = string_list_addf(&fields, "PRIORITY=%d", LOG_NOTICE);
        if (r >= 0)
                r = string_list_add(&fields, "MESSAGE_ID=" MESSAGE_ID_VERDICT);
        if (r >= 0)
                r = string_list_addf(&fields, "PTPREP_RESULT=%s", verdict);
        return r < 0 ? r : send_fields(&fields);
}

void notify_status(const char *text)
{
        _cleanup_free_ char *message = NULL, *escaped = NULL;

        if (!getenv("NOTIFY_SOCKET") || load() < 0 || escape_text(text, &escaped) < 0 ||
            string_printf(&message, "STATUS=%s", escaped) < 0)
                return;
        (void) sym_sd_notify(0, message);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/luks2.h"

#include "base/json.h"
#include "base/text.h"

#define JSON_DEPTH 16
/* Pins of clevis in each other: deeper than anybody has them. */
#define SSS_DEPTH  4
/* Of the protected part of a JWE: those of clevis have some hundred bytes, and more where there are keys in it. */
#define JWE_MAX    (256U * 1024)

static uint64_t be(const unsigned char *at, size_t n)
{
        uint64_t v = 0;

        while (n-- > 0)
                v = v << 8 | *at++;
        return v;
}

int luks2_size(const void *data, uint32_t *ret)
{
        static const unsigned char magic[] = { 'L', 'U', 'K', 'S', 0xba, 0xbe };
        const unsigned char *p = data;
        uint64_t size = be(p + 8, 8);

        if (memcmp(p, magic, sizeof(magic)) != 0 || be(p + 6, 2) != 2 || size < LUKS2_SIZE_MIN ||
            size > LUKS2_SIZE_MAX || size % LUKS2_BINARY_BYTES != 0)
                return -EINVAL;
        *ret = (uint32_t) size;
        return 0;
}

/* Numbers of an array. 0 or -EBADMSG. */
static int pcrs_of_array(struct json_object *array, uint32_t *ret)
{
        uint32_t pcrs = 0;

        for (size_t i = 0; i < json_length(array); i++) {
                int64_t pcr = json_int(json_item(array, i), -1);

                if (pcr < 0 || pcr >= PCR_MAX)
                        return -EBADMSG;
                pcrs |= PCR_BIT(pcr);
        }
        *ret = pcrs;
        return 0;
}

static int sextet(char c)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const char *at = c ? strchr(digits, c) : NULL;

        return at ? (int) (at - digits) : -1;
}

/* The first part of a JWE, base64url without padding (RFC 7515, appendix C; RFC 7516, 7.1). NULL: it is none. */
static struct json_object *protected_part(const char *text)
{
        size_t size = text ? strcspn(text, ".") : 0, n = 0;
        _cleanup_free_ char *out = size > 0 && size <= JWE_MAX ? malloc(size) : NULL;
        unsigned bits = 0, have = 0;
        struct json_object *o;

        if (!out)
                return NULL;
        for (size_t i = 0; i < size; i++) {
                int v = sextet(text[i]);

                if (v < 0)
                        return NULL;
                bits = (bits << 6 | (unsigned) v) & 0xffffU;
                have += 6;
                if (have >= 8) {
                        have -= 8;
                        out[n++] = (char) (bits >> have & 0xffU);
                }
        }
        return json_parse(out, n, JSON_DEPTH, &o) < 0 ? NULL : o;
}

/*
 * What a pin of clevis is bound to; of several around a threshold, what may be missing in the end: nothing where those
 * without a TPM are enough. 0 or -EBADMSG.
 */
static int pcrs_of_clevis(struct json_object *header, unsigned depth, bool *ret_tpm, uint32_t *ret)
{
        struct json_object *clevis = json_member(header, "clevis", json_type_object), *config, *parts;
        const char *pin = json_member_text(clevis, "pin"), *ids;
        size_t others = 0;
        int64_t needed;

        *ret = 0;
        *ret_tpm = false;
        if (!pin || depth > SSS_DEPTH)
                return -EBADMSG;
        config = json_member(clevis, pin, json_type_object);
        if (streq(pin, "tpm2")) {
                *ret_tpm = true;
                ids = json_member_text(config, "pcr_ids");
                if (ids)
                        return pcrs_parse(ids, ret) < 0 ? -EBADMSG : 0;
                return pcrs_of_array(json_member(config, "pcr_ids", json_type_array), ret);
        }
        if (!streq(pin, "sss"))
                return 0;
        parts = json_member(config, "jwe", json_type_array);
        needed = json_member_int(config, "t", 1);
        for (size_t i = 0; i < json_length(parts); i++) {
                _cleanup_json_ struct json_object *part = protected_part(json_text(json_item(parts, i)));
                bool tpm;
                uint32_t pcrs;
                int r = pcrs_of_clevis(part, depth + 1, &tpm, &pcrs);

                if (r < 0)
                        return r;
                *ret |= pcrs;
                *ret_tpm |= tpm;
                others += pcrs == 0;
        }
        if (needed >= 0 && others >= (size_t) needed)
                *ret = 0;
        return 0;
}

/* 1: it counts; 0: it does not; -EBADMSG. */
static int judge_token(struct json_object *token, uint32_t policy, uint32_t *ret, bool *ret_by_policy)
{
        const char *type = json_member_text(token, "type");
        int r;

        if (!type)
                return -EBADMSG;
        if (streq(type, "systemd-tpm2")) {
                if (json_member_true(token, "tpm2-pin"))
                        return 0;
                r = pcrs_of_array(json_member(token, "tpm2-pcrs", json_type_array), ret);
                if (r >= 0 && json_member_true(token, "tpm2_pcrlock")) {
                        *ret |= policy;
                        *ret_by_policy = true;
                }
                return r < 0 ? r : 1;
        }
        if (streq(type, "clevis")) {
                _cleanup_json_ struct json_object *header =
                        protected_part(json_member_text(json_member(token, "jwe", json_type_object), "protected"));
                bool tpm;

                r = pcrs_of_clevis(header, 0, &tpm, ret);
                return r < 0 ? r : tpm;
        }
        return 0;
}

typedef struct Search {
        uint32_t policy;
        SealedTokens found;
        bool by_policy;
} Search;

/* 0: go on; 1: there are as many as count; -EBADMSG. */
static int note_token(void *userdata, struct json_object *token)
{
        Search *s = userdata;
        int r = judge_token(token, s->policy, s->found.pcrs + s->found.n, &s->by_policy);

        if (r < 0)
                return r;
        s->found.n += r > 0;
        return s->found.n == SEALED_TOKENS_MAX;
}

int luks2_tokens(const void *data, uint32_t size, uint32_t policy, SealedTokens *ret, bool *ret_by_policy)
{
        const char *area = (const char *) data + LUKS2_BINARY_BYTES;
        _cleanup_json_ struct json_object *o = NULL;
        Search s = { .policy = policy };
        int r = json_parse(area, strnlen(area, size - LUKS2_BINARY_BYTES), JSON_DEPTH, &o);

        if (r < 0)
                return r;
        if (!o)
                return -EBADMSG;
        r = json_each_member(json_member(o, "tokens", json_type_object), note_token, &s);
        if (r < 0)
                return r;
        *ret = s.found;
        *ret_by_policy = s.by_policy;
        return 0;
}

int pcrlock_parse(const char *text, uint32_t *ret)
{
        _cleanup_json_ struct json_object *o = NULL;
        struct json_object *values;
        uint32_t pcrs = 0;
        int r = json_parse(text, strlen(text), JSON_DEPTH, &o);

        if (r < 0)
                return r;
        values = json_member(o, "pcrValues", json_type_array);
        if (!values)
                return -EBADMSG;
        for (size_t i = 0; i < json_length(values); i++) {
                int64_t number = json_member_int(json_item(values, i), "pcr", -1);

                if (number < 0 || number >= PCR_MAX)
                        return -EBADMSG;
                pcrs |= PCR_BIT(number);
        }
        *ret = pcrs;
        return 0;
}

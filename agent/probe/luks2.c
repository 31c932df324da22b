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

/* NULL: it is none. */
static struct json_object *parse(const char *text, size_t size)
{
        struct json_tokener *t = json_tokener_new_ex(JSON_DEPTH);
        struct json_object *o = t ? json_tokener_parse_ex(t, text, (int) size) : NULL;

        if (t && json_tokener_get_error(t) != json_tokener_success) {
                json_object_put(o);
                o = NULL;
        }
        json_tokener_free(t);
        return o;
}

static struct json_object *member(struct json_object *o, const char *name, json_type type)
{
        struct json_object *m;

        return o && json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, name, &m) &&
                               json_object_is_type(m, type)
                       ? m
                       : NULL;
}

static const char *member_text(struct json_object *o, const char *name)
{
        struct json_object *m = member(o, name, json_type_string);

        return m ? json_object_get_string(m) : NULL;
}

static bool member_true(struct json_object *o, const char *name)
{
        struct json_object *m = member(o, name, json_type_boolean);

        return m && json_object_get_boolean(m);
}

/* Numbers of an array. 0 or -EBADMSG. */
static int pcrs_of_array(struct json_object *array, uint32_t *ret)
{
        uint32_t pcrs = 0;

        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                struct json_object *item = json_object_array_get_idx(array, i);
                int64_t pcr = json_object_is_type(item, json_type_int) ? json_object_get_int64(item) : -1;

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
        return parse(out, n);
}

/*
 * What a pin of clevis is bound to; of several around a threshold, what may be missing in the end: nothing where those
 * without a TPM are enough. 0 or -EBADMSG.
 */
static int pcrs_of_clevis(struct json_object *header, unsigned depth, bool *ret_tpm, uint32_t *ret)
{
        struct json_object *clevis = member(header, "clevis", json_type_object), *config, *parts;
        const char *pin = member_text(clevis, "pin"), *ids;
        size_t others = 0;
        int64_t needed;

        *ret = 0;
        *ret_tpm = false;
        if (!pin || depth > SSS_DEPTH)
                return -EBADMSG;
        config = member(clevis, pin, json_type_object);
        if (streq(pin, "tpm2")) {
                *ret_tpm = true;
                ids = member_text(config, "pcr_ids");
                if (ids)
                        return pcrs_parse(ids, ret) < 0 ? -EBADMSG : 0;
                return pcrs_of_array(member(config, "pcr_ids", json_type_array), ret);
        }
        if (!streq(pin, "sss"))
                return 0;
        parts = member(config, "jwe", json_type_array);
        needed = member(config, "t", json_type_int) ? json_object_get_int64(member(config, "t", json_type_int)) : 1;
        for (size_t i = 0; parts && i < json_object_array_length(parts); i++) {
                _cleanup_json_ struct json_object *part =
                        protected_part(json_object_get_string(json_object_array_get_idx(parts, i)));
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
        const char *type = member_text(token, "type");
        int r;

        if (!type)
                return -EBADMSG;
        if (streq(type, "systemd-tpm2")) {
                if (member_true(token, "tpm2-pin"))
                        return 0;
                r = pcrs_of_array(member(token, "tpm2-pcrs", json_type_array), ret);
                if (r >= 0 && member_true(token, "tpm2_pcrlock")) {
                        *ret |= policy;
                        *ret_by_policy = true;
                }
                return r < 0 ? r : 1;
        }
        if (streq(type, "clevis")) {
                _cleanup_json_ struct json_object *header =
                        protected_part(member_text(member(token, "jwe", json_type_object), "protected"));
                bool tpm;

                r = pcrs_of_clevis(header, 0, &tpm, ret);
                return r < 0 ? r : tpm;
        }
        return 0;
}

int luks2_tokens(const void *data, uint32_t size, uint32_t policy, SealedTokens *ret, bool *ret_by_policy)
{
        const char *area = (const char *) data + LUKS2_BINARY_BYTES;
        size_t length = strnlen(area, size - LUKS2_BINARY_BYTES);
        _cleanup_json_ struct json_object *o = parse(area, length);
        struct json_object *tokens = member(o, "tokens", json_type_object);
        SealedTokens found = {};
        bool by_policy = false;

        if (!o)
                return -EBADMSG;
        if (tokens) {
                json_object_object_foreach(tokens, number, token)
                {
                        int r = judge_token(token, policy, found.pcrs + found.n, &by_policy);

                        (void) number;
                        if (r < 0)
                                return r;
                        found.n += r > 0;
                        if (found.n == SEALED_TOKENS_MAX)
                                break;
                }
        }
        *ret = found;
        *ret_by_policy = by_policy;
        return 0;
}

int pcrlock_parse(const char *text, uint32_t *ret)
{
        _cleanup_json_ struct json_object *o = parse(text, strlen(text));
        struct json_object *values = member(o, "pcrValues", json_type_array);
        uint32_t pcrs = 0;

        if (!values)
                return -EBADMSG;
        for (size_t i = 0; i < json_object_array_length(values); i++) {
                struct json_object *pcr = member(json_object_array_get_idx(values, i), "pcr", json_type_int);
                int64_t number = pcr ? json_object_get_int64(pcr) : -1;

                if (number < 0 || number >= PCR_MAX)
                        return -EBADMSG;
                pcrs |= PCR_BIT(number);
        }
        *ret = pcrs;
        return 0;
}

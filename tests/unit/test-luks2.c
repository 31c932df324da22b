/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"
#include "probe/luks2.h"
#include "test.h"

#define HEADER_BYTES LUKS2_SIZE_MIN

static const unsigned char magic[] = { 'L', 'U', 'K', 'S', 0xba, 0xbe, 0, 2, 0, 0, 0, 0, 0, 0, 0x40, 0 };

/* Returns what luks2_tokens() does of a header with this JSON. */
static int read_json(const char *json, uint32_t policy, SealedTokens *ret, bool *ret_by_policy)
{
        static char header[HEADER_BYTES];

        memset(header, 0, sizeof(header));
        memcpy(header, magic, sizeof(magic));
        assert_true(strlen(json) <= sizeof(header) - LUKS2_BINARY_BYTES);
        memcpy(header + LUKS2_BINARY_BYTES, json, strlen(json)); /* without a NUL where it just fits */
        return luks2_tokens(header, sizeof(header), policy, ret, ret_by_policy);
}

static void binary_headers(void **state)
{
        unsigned char header[LUKS2_BINARY_BYTES] = {};
        uint32_t size;

        (void) state;
        assert_int_equal(luks2_size(header, &size), -EINVAL);
        memcpy(header, magic, sizeof(magic));
        assert_int_equal(luks2_size(header, &size), 0);
        assert_int_equal(size, 16384);
        header[7] = 1; /* LUKS1 */
        assert_int_equal(luks2_size(header, &size), -EINVAL);
        header[7] = 2;
        header[14] = 0x3f; /* too small */
        assert_int_equal(luks2_size(header, &size), -EINVAL);
        header[14] = 0;
        header[13] = 0x40; /* 4 MiB */
        assert_int_equal(luks2_size(header, &size), 0);
        header[13] = 0x80; /* too large */
        assert_int_equal(luks2_size(header, &size), -EINVAL);
        header[8] = 0x80; /* more than 32 bits have */
        header[13] = 0x40;
        assert_int_equal(luks2_size(header, &size), -EINVAL);
}

/* JWE headers of clevis: pcr_ids "1,7,9"; "tang"; a threshold of both, all needed, and one enough. */
#define CLEVIS_TPM "eyJjbGV2aXMiOnsicGluIjoidHBtMiIsInRwbTIiOnsicGNyX2lkcyI6IjEsNyw5In19fQ"
#define CLEVIS_ALL                                                                                                     \
        "eyJjbGV2aXMiOnsicGluIjoic3NzIiwic3NzIjp7InQiOjIsImp3ZSI6WyJleUpqYkdWMmFYTWlPbnNpY0dsdUlqb2lkSEJ0TWlJc0lu"     \
        "UndiVElpT25zaWNHTnlYMmxrY3lJNklqRXNOeXc1SW4xOWZRLi5hLmIuYyIsImV5SmpiR1YyYVhNaU9uc2ljR2x1SWpvaWRHRnVaeUlz"     \
        "SW5SaGJtY2lPbnQ5ZlgwLi5hLmIuYyJdfX19"
#define CLEVIS_ANY                                                                                                     \
        "eyJjbGV2aXMiOnsicGluIjoic3NzIiwic3NzIjp7InQiOjEsImp3ZSI6WyJleUpqYkdWMmFYTWlPbnNpY0dsdUlqb2lkSEJ0TWlJc0lu"     \
        "UndiVElpT25zaWNHTnlYMmxrY3lJNklqRXNOeXc1SW4xOWZRLi5hLmIuYyIsImV5SmpiR1YyYVhNaU9uc2ljR2x1SWpvaWRHRnVaeUlz"     \
        "SW5SaGJtY2lPbnQ5ZlgwLi5hLmIuYyJdfX19"

static void tokens(void **state)
{
#define SYSTEMD(more) "{\"tokens\":{\"0\":{\"type\":\"systemd-tpm2\"," more "}}}"
#define CLEVIS(part)  "{\"tokens\":{\"0\":{\"type\":\"clevis\",\"jwe\":{\"protected\":\"" part "\"}}}}"
        static const struct {
                const char *json;
                int r;
                size_t n;
                uint32_t first;
                bool by_policy;
        } cases[] = {
                { "{}", 0, 0, 0, false },
                { "{\"tokens\":{}}", 0, 0, 0, false },
                { "", -EBADMSG, 0, 0, false },
                { "{\"tokens\":{\"0\":{\"type\":\"systemd-tpm2\"", -EBADMSG, 0, 0, false },
                { SYSTEMD("\"tpm2-pcrs\":[7,12]"), 0, 1, PCR_BIT(7) | PCR_BIT(12), false },
                { SYSTEMD("\"tpm2-pcrs\":[]"), 0, 1, 0, false },
                { SYSTEMD("\"tpm2-pcrs\":[24]"), -EBADMSG, 0, 0, false },
                { SYSTEMD("\"tpm2-pcrs\":[-1]"), -EBADMSG, 0, 0, false },
                { SYSTEMD("\"tpm2-pcrs\":[\"7\"]"), -EBADMSG, 0, 0, false },
                { SYSTEMD("\"tpm2-pcrs\":[9],\"tpm2-pin\":true"), 0, 0, 0, false },
                /* what is signed, its signer keeps right */
                { SYSTEMD("\"tpm2-pcrs\":[7],\"tpm2_pubkey_pcrs\":[11]"), 0, 1, PCR_BIT(7), false },
                { SYSTEMD("\"tpm2-pcrs\":[],\"tpm2_pcrlock\":true"), 0, 1, PCR_BIT(4), true },
                { "{\"tokens\":{\"0\":{\"type\":\"systemd-recovery\"},\"1\":{\"type\":\"systemd-tpm2\"}}}", 0, 1, 0,
                  false },
                { "{\"tokens\":{\"0\":{\"keyslots\":[]}}}", -EBADMSG, 0, 0, false },
                { CLEVIS(CLEVIS_TPM), 0, 1, PCR_BIT(1) | PCR_BIT(7) | PCR_BIT(9), false },
                { CLEVIS(CLEVIS_ALL), 0, 1, PCR_BIT(1) | PCR_BIT(7) | PCR_BIT(9), false },
                { CLEVIS(CLEVIS_ANY), 0, 1, 0, false },
                { CLEVIS("e30"), -EBADMSG, 0, 0, false },
                { CLEVIS("%%%"), -EBADMSG, 0, 0, false },
        };

        (void) state;
        FOREACH_ARRAY(c, cases, ELEMENTSOF(cases)) {
                SealedTokens found = {};
                bool by_policy = false;
                int r = read_json(c->json, PCR_BIT(4), &found, &by_policy);

                if (r != c->r || found.n != c->n || found.pcrs[0] != c->first || by_policy != c->by_policy)
                        fail_msg("%s: %d, %zu tokens, 0x%x", c->json, r, found.n, found.pcrs[0]);
        }
}

static void policies(void **state)
{
        uint32_t pcrs = 0;

        (void) state;
        assert_int_equal(pcrlock_parse("{\"pcrValues\":[{\"pcr\":4,\"values\":[]},{\"pcr\":9}]}", &pcrs), 0);
        assert_int_equal(pcrs, PCR_BIT(4) | PCR_BIT(9));
        assert_int_equal(pcrlock_parse("{\"pcrValues\":[{\"pcr\":99}]}", &pcrs), -EBADMSG);
        assert_int_equal(pcrlock_parse("{\"pcrValues\":[{}]}", &pcrs), -EBADMSG);
        assert_int_equal(pcrlock_parse("[]", &pcrs), -EBADMSG);
        assert_int_equal(pcrlock_parse("", &pcrs), -EBADMSG);
        assert_int_equal(pcrs, PCR_BIT(4) | PCR_BIT(9));
}

static void lists_of_registers(void **state)
{
        char buf[PCRS_TEXT_MAX];
        uint32_t pcrs = 0;

        (void) state;
        assert_int_equal(pcrs_parse("7+12:sha256,kernel-boot", &pcrs), 0);
        assert_string_equal(pcrs_print(pcrs, buf), "7+11+12");
        assert_int_equal(pcrs_parse("", &pcrs), 0);
        assert_string_equal(pcrs_print(pcrs, buf), "");
        assert_int_equal(pcrs_parse("24", &pcrs), -EINVAL);
        assert_int_equal(pcrs_parse("seven", &pcrs), -EINVAL);
        assert_int_equal(pcrs_parse("7+99999999999999999999999999999999999", &pcrs), -EINVAL);
        assert_string_equal(pcrs_print(PCR_BIT(PCR_MAX) - 1, buf),
                            "0+1+2+3+4+5+6+7+8+9+10+11+12+13+14+15+16+17+18+19+20+21+22+23");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(binary_headers),
                cmocka_unit_test(tokens),
                cmocka_unit_test(policies),
                cmocka_unit_test(lists_of_registers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

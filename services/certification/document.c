/*
 * document.c - a certificate as a document that anyone can verify: an Open Badges 3.0 credential (W3C Verifiable
 * Credentials 2.0) secured as a compact JWS (RFC 7515) with Ed25519 (RFC 8037).
 *
 * It says of the person no more than the name. The claims jti, iss and nbf repeat id, issuer and validFrom, as the
 * JWT form of Open Badges wants.
 */
#include "certification.h"

/* The longest texts by their rows, escaped as JSON, stay below this; the register takes documents of 16 KiB. */
enum { PAYLOAD_MAX = 12000, DOCUMENT_MAX = 16384 };

static void add_member(struct buf *out, const char *before, struct span value)
{
    buf_add_text(out, before);
    json_add_string(out, value);
}

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

static void add_payload(struct buf *out, const struct certification_conf *conf, const struct due_row *due,
                        const struct signed_row *row)
{
    char id[UUID_TEXT], programme[UUID_TEXT], at[TIME_TEXT];
    uuid_format(&row->certificate_id, id);
    uuid_format(&due->programme_id, programme);
    time_format(due->issued_at, at);
    buf_add_text(out, "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\","
                      "\"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json\"],"
                      "\"type\":[\"VerifiableCredential\",\"OpenBadgeCredential\"]");
    buf_printf(out, ",\"id\":\"urn:uuid:%s\",\"jti\":\"urn:uuid:%s\"", id, id);
    add_member(out, ",\"iss\":", text_span(conf->issuer_id));
    add_member(out, ",\"issuer\":{\"type\":[\"Profile\"],\"id\":", text_span(conf->issuer_id));
    add_member(out, ",\"name\":", text_span(conf->issuer_name));
    buf_printf(out, "},\"validFrom\":\"%s\",\"nbf\":%lld", at, (long long)(due->issued_at / 1000000));
    add_member(out, ",\"name\":", due->title_vi);
    add_member(out, ",\"credentialSubject\":{\"type\":[\"AchievementSubject\"],\"name\":", due->holder);
    add_member(out,
               ",\"identifier\":[{\"type\":\"IdentityObject\",\"hashed\":false,\"identityType\":\"name\","
               "\"identityHash\":",
               due->holder);
    add_member(out, "}],\"licenseNumber\":", row->number);
    buf_printf(out, ",\"achievement\":{\"type\":[\"Achievement\"],\"id\":\"urn:uuid:%s\"", programme);
    add_member(out, ",\"humanCode\":", due->code);
    buf_printf(out, ",\"version\":\"%u\",\"inLanguage\":\"vi\"", due->version);
    add_member(out, ",\"name\":", due->title_vi);
    add_member(out, ",\"description\":", due->title_en);
    buf_add_text(out, ",\"criteria\":{\"narrative\":\"Hoàn thành các bài học và đạt bài đánh giá của phiên bản chương "
                      "trình này. / Completed the lessons and passed the assessment of this programme version.\"}}}}");
}

int document_sign(struct arena *arena, const struct certification_conf *conf, const struct due_row *due,
                  struct signed_row *ret_row)
{
    struct signed_row row = {.certificate_id = uuid7(),
                             .person_id = due->person_id,
                             .programme_id = due->programme_id,
                             .attempt_id = due->attempt_id,
                             .holder = due->holder,
                             .issued_at = due->issued_at,
                             .issuer = text_span(conf->issuer_name),
                             .kid = text_span(conf->kid)};
    char number[NUMBER_TEXT];
    struct buf head, payload, out;
    number_make(due->year.p, number);
    row.number = (struct span){number, NUMBER_TEXT - 1};
    buf_init(&head, 256);
    buf_init(&payload, PAYLOAD_MAX);
    buf_init(&out, DOCUMENT_MAX);
    buf_printf(&head, "{\"alg\":\"EdDSA\",\"typ\":\"vc+jwt\",\"cty\":\"vc\",\"kid\":\"%s\"}", conf->kid);
    add_payload(&payload, conf, due, &row);
    bool made = !head.failed && !payload.failed;
    if (made)
        jws_sign(conf->secret, buf_span(&head), buf_span(&payload), &out);
    made = made && !out.failed && !arena_span(arena, buf_span(&out), &row.document) &&
           !arena_span(arena, row.number, &row.number);
    buf_release(&head);
    buf_release(&payload);
    buf_release(&out);
    if (!made)
        return -1;
    *ret_row = row;
    return 0;
}

bool document_signed_by(struct span document, struct span public_key)
{
    struct jws jws;
    return public_key.n == JWS_PUBLIC && !jws_split(document, &jws) &&
           jws_signed_by(&jws, (const uint8_t *)public_key.p);
}

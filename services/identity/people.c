/* people.c - whoever is logged in about himself or herself. */
#include "identity.h"

/* What to do in each standing but `linked`. */
static const struct advice {
    struct span standing, vi, en;
} advices[] = {
    {SPAN("none"),
     SPAN("Bạn chưa có nơi làm việc trong danh sách hôm nay. Hãy liên hệ cán bộ quản lý danh sách của đơn vị."),
     SPAN("The roster has no place of work for you today. Ask the officer of your unit.")},
    {SPAN("renew"), SPAN("Tài khoản của bạn vừa được gắn với hồ sơ cán bộ. Hãy đăng xuất rồi đăng nhập lại."),
     SPAN("Your account has been linked to you meanwhile. Log out and in again.")},
    {SPAN("pending"),
     SPAN("Số định danh của bạn chưa có trong danh sách cán bộ nào. Hãy đề nghị đơn vị đưa bạn vào danh sách, rồi đăng "
          "nhập lại."),
     SPAN("Your personal number is on no roster yet. Ask your unit to put you on its roster, then log in again.")},
    {SPAN("review"),
     SPAN("Thông tin định danh của bạn khác với danh sách cán bộ và đang chờ cán bộ quản lý xem xét. Hãy kiểm tra họ "
          "tên, "
          "ngày sinh với đơn vị."),
     SPAN("Your e-ID differs from the roster, and an officer is looking into it. Check name and birth date with your "
          "unit.")},
    {SPAN("unlinked"),
     SPAN("Tài khoản này đã được tách khỏi hồ sơ cán bộ. Hãy liên hệ cán bộ quản lý danh sách của đơn vị."),
     SPAN("This account has been parted from the person it was linked to. Ask the officer of your unit.")},
    {SPAN("rejected"),
     SPAN("Cán bộ quản lý đã từ chối gắn tài khoản này với hồ sơ cán bộ. Hãy liên hệ đơn vị nếu có nhầm lẫn."),
     SPAN("An officer has refused to link this account. Ask your unit if that is a mistake.")},
};

static void put_advice(struct profile *profile)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        const struct advice *a = &advices[i];
        if (a->standing.n == profile->standing.n && !memcmp(a->standing.p, profile->standing.p, a->standing.n)) {
            PUT_FIELD(profile, profile, advice_vi, a->vi);
            PUT_FIELD(profile, profile, advice_en, a->en);
        }
    }
}

/* Everyone with a tenure is a learner in its unit; that role is nowhere written down. 0 or fail(). */
static int list_grants(struct ctx *ctx, struct profile *profile)
{
    struct grant_shown *held, *shown;
    uint32_t n, first = HAS(profile, profile, unit_name) ? 1 : 0;
    int code = pg_list(ctx, &SQL_my_grants, NULL, 31, &held, &n);
    if (code)
        return code;
    shown = arena_alloc(ctx->arena, (n + 1) * sizeof(*shown));
    if (!shown)
        return fail(ctx, ERR_TOO_LARGE, "grants");
    if (first)
        shown[0] =
            (struct grant_shown){.role = SPAN("learner"), .unit_id = profile->unit_id, .unit_name = profile->unit_name};
    for (uint32_t i = 0; i < n; i++)
        shown[i + first] = held[i];
    profile->grants = shown;
    profile->n_grants = n + first;
    return 0;
}

int on_me(struct ctx *ctx, const struct empty *req, struct profile *ret_reply)
{
    (void)req;
    int code = pg_call(ctx, &SQL_me, NULL, ret_reply);
    if (!code)
        code = list_grants(ctx, ret_reply);
    if (!code)
        code = pg_list(ctx, &SQL_my_tenures, NULL, 20, &ret_reply->tenures, &ret_reply->n_tenures);
    if (!code)
        code = pg_list(ctx, &SQL_my_skills, NULL, 200, &ret_reply->skills, &ret_reply->n_skills);
    if (code)
        return code;
    put_advice(ret_reply);
    return 0;
}

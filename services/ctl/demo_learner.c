/*
 * demo_learner.c - one learner, as he or she goes: login, what is assigned, lessons in order, then test and
 * certificate.
 */
#include "demo.h"
#include "pace.h"
#include "service.h"

static struct lesson_step step_of(const struct demo *demo, uint32_t lesson)
{
    return (struct lesson_step){.lesson_id = demo->lesson_ids[lesson]};
}

/* Finds the programme among those of this person. */
static int find_programme(struct demo *demo, struct client *client, struct learner *learner,
                          struct my_programme *ret_programme)
{
    struct empty in = {0};
    struct my_programmes mine;
    if (demo_ask(demo, client, &learner->session, M_my_programmes, &in, &mine) < 0)
        return -1;
    for (uint32_t i = 0; i < mine.n_programmes; i++) {
        if (uuid_equal(&mine.programmes[i].programme_id, &demo->programme_id)) {
            *ret_programme = mine.programmes[i];
            return 0;
        }
    }
    return demo_fault(demo, learner->who, "does not have the programme to complete although it is assigned");
}

/* What a person sees before the first lesson. */
static int look(struct demo *demo, struct client *client, struct learner *learner)
{
    struct version_ref ref = {.version_id = demo->programme_id};
    struct my_programme mine;
    struct programme programme;
    if (find_programme(demo, client, learner, &mine) < 0)
        return -1;
    if (mine.due_date != demo->due_date || mine.lessons_done != 0)
        return demo_fault(demo, learner->who, "has another due date, or lessons done before any was opened");
    learner->assigned = true;
    if (demo_ask(demo, client, &learner->session, M_programme_get, &ref, &programme) < 0)
        return -1;
    if (programme.n_lessons != demo->sample.programme.n_lessons)
        return demo_fault(demo, learner->who, "sees %u lessons, not %u", programme.n_lessons,
                          demo->sample.programme.n_lessons);
    return 0;
}

/* A lesson that was never opened, and the one after it: neither may be done yet. */
static int try_to_cheat(struct demo *demo, struct client *client, struct learner *learner, bool order_too)
{
    struct lesson_step first = step_of(demo, 0);
    struct lesson_progress progress;
    if (demo_refused(demo, client, &learner->session, M_lesson_complete, &first, &progress, ERR_EVIDENCE, 0) < 0)
        return -1;
    if (!order_too || demo->sample.programme.n_lessons < 2)
        return 0;
    struct lesson_step second = step_of(demo, 1);
    return demo_refused(demo, client, &learner->session, M_lesson_open, &second, &progress, ERR_ORDER, 0);
}

/*
 * A bare "completed" right after opening. It must be refused for as long as not even our own clock has seen the time
 * that the lesson needs; an answer that took longer, because a service was killed on the way, proves nothing.
 */
static int complete_early(struct demo *demo, struct client *client, struct learner *learner,
                          const struct lesson_step *step, int64_t opened_us)
{
    struct lesson_progress progress;
    int code = client_call(client, &learner->session, M_lesson_complete, step, &progress);
    if (mono_us() - opened_us >= (int64_t)DEMO_MIN_SECONDS * 1000000 || code == ERR_EVIDENCE)
        return 0;
    if (code)
        return demo_call_fault(demo, client, &learner->session, M_lesson_complete);
    return demo_fault(demo, learner->who, "completed a lesson without the time of study that it needs");
}

/* Heartbeats until the server has measured enough. */
static int study(struct demo *demo, struct client *client, struct learner *learner, const struct lesson_step *step,
                 struct lesson_progress *progress)
{
    while (!HAS(progress, lesson_progress, completed_at) && progress->seconds < progress->min_seconds) {
        uint32_t missing = progress->min_seconds - progress->seconds;
        uint32_t beat = progress->beat_seconds;
        if (!pace_sleep((int64_t)(missing < beat ? missing : beat) * 1000000))
            return -1;
        if (demo_ask(demo, client, &learner->session, M_lesson_beat, step, progress) < 0)
            return -1;
    }
    return 0;
}

static int do_lesson(struct demo *demo, struct client *client, struct learner *learner, uint32_t index)
{
    struct lesson_query query = {.lesson_id = demo->lesson_ids[index]};
    struct lesson_step step = step_of(demo, index);
    struct lesson_progress progress;
    struct lesson lesson;
    if (demo_ask(demo, client, &learner->session, M_lesson_get, &query, &lesson) < 0)
        return -1;
    if (!span_equal(lesson.title_vi, demo->sample.programme.lessons[index].title_vi))
        return demo_fault(demo, learner->who, "is shown another lesson %u than the sample's", index + 1);
    int64_t opened_us = mono_us();
    if (demo_ask(demo, client, &learner->session, M_lesson_open, &step, &progress) < 0 ||
        (index == 0 && complete_early(demo, client, learner, &step, opened_us) < 0) ||
        study(demo, client, learner, &step, &progress) < 0 ||
        demo_ask(demo, client, &learner->session, M_lesson_complete, &step, &progress) < 0)
        return -1;
    if (!HAS(&progress, lesson_progress, completed_at))
        return demo_fault(demo, learner->who, "lesson %u is not completed after its completion", index + 1);
    client_clear(client);
    return 0;
}

static int do_programme(struct demo *demo, struct client *client, uint32_t index)
{
    struct learner *learner = &demo->plan.learners[index];
    struct my_programme mine;
    if (look(demo, client, learner) < 0 || try_to_cheat(demo, client, learner, index == 0) < 0)
        return -1;
    for (uint32_t i = 0; i < demo->sample.programme.n_lessons; i++) {
        if (do_lesson(demo, client, learner, i) < 0)
            return -1;
    }
    if (find_programme(demo, client, learner, &mine) < 0)
        return -1;
    if (!HAS(&mine, my_programme, completed_at) || mine.lessons_done != mine.lessons)
        return demo_fault(demo, learner->who, "did all lessons, but %u of %u count", mine.lessons_done, mine.lessons);
    learner->completed = true;
    client_clear(client);
    return 0;
}

static int log_in(struct demo *demo, struct client *client, struct learner *learner)
{
    struct empty in = {0};
    struct profile me;
    if (session_open(client, &learner->session))
        return demo_call_fault(demo, client, &learner->session, M_login_start);
    if (demo_ask(demo, client, &learner->session, M_me, &in, &me) < 0)
        return -1;
    if (!span_equal(me.full_name, learner->who->full_name) || me.leader != learner->who->leader ||
        !span_equal(me.unit_code, demo->sample.units[learner->who->unit].code))
        return demo_fault(demo, learner->who, "is somebody else after the login: %.*s (%.*s)", (int)me.full_name.n,
                          me.full_name.p, (int)me.unit_code.n, me.unit_code.p);
    client_clear(client);
    return 0;
}

int demo_learner(struct demo *demo, struct client *client, uint32_t index)
{
    static const enum stage_id stages[] = {STAGE_LOGIN, STAGE_STUDY, STAGE_TEST, STAGE_CERTIFY};
    struct learner *learner = &demo->plan.learners[index];
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        struct stage *stage = &demo->stages[stages[i]];
        int result = 0;
        if (stages[i] == STAGE_CERTIFY && learner->outcome == FAILS)
            break;
        demo_stage(demo, client, stages[i]);
        stage_enter(stage);
        if (stages[i] == STAGE_LOGIN)
            result = log_in(demo, client, learner);
        else if (stages[i] == STAGE_STUDY)
            result = do_programme(demo, client, index);
        else if (stages[i] == STAGE_TEST)
            result = demo_test(demo, client, index);
        else
            result = demo_certificate(demo, client, learner);
        client_clear(client);
        if (result < 0)
            return -1;
        stage_leave(stage);
    }
    return 0;
}

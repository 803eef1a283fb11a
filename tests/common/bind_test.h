/* bind_test.h - the bindings of the small service of test_service.c: three methods of learning, and the base. */
#include "proto.h"

static const struct binding bindings[] = {
    {M_events_since, bind_events_since}, {M_service_health, bind_service_health},   {M_lesson_open, bind_lesson_open},
    {M_lesson_beat, bind_lesson_beat},   {M_lesson_complete, bind_lesson_complete}, {0, NULL},
};

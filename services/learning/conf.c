/* conf.c - the configuration of this service. */
#include "learning.h"

const struct conf_row learning_conf_rows[] = {
    {"beat_seconds", CONF_INT, 1, 300, "15", "How often a learner's client says that the learner is still there.",
     offsetof(struct learning_conf, beat_seconds)},
    {"gap_factor", CONF_INT, 1, 10, "2",
     "One sign of life counts the time since the last one, up to beat_seconds times this.",
     offsetof(struct learning_conf, gap_factor)},
    {"due_days", CONF_INT, 1, 3650, "730", "A due date lies at most this many days ahead.",
     offsetof(struct learning_conf, due_days)},
    {"enrol_page", CONF_INT, 1, 20000, "5000",
     "People that one statement enrols; the rest of a larger assignment follow at this many a second.",
     offsetof(struct learning_conf, enrol_page)},
    {0},
};

/*
 * xlsx_parts.h - the parts of a small workbook, for tests: every one has a default and can be replaced.
 */
#ifndef TESTS_COMMON_XLSX_PARTS_H
#define TESTS_COMMON_XLSX_PARTS_H

#include "zip_build.h"

#define XML                        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>"
#define MAIN_NS                    "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define REL                        "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define REL_NS                     "xmlns:r=\"" REL "\""
#define PACKAGE                    "xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\""
#define TYPES(t)                   XML "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">" t "</Types>"
#define RELS(r)                    XML "<Relationships " PACKAGE ">" r "</Relationships>"
#define RELATION(id, type, target) "<Relationship Id=\"" id "\" Type=\"" REL "/" type "\" Target=\"" target "\"/>"
#define BOOK(s)                    XML "<workbook " MAIN_NS " " REL_NS ">" s "</workbook>"
#define SHEETS                     "<sheets><sheet name=\"Một\" sheetId=\"1\" r:id=\"rId1\"/></sheets>"
#define SHEET(d)                   XML "<worksheet " MAIN_NS "><sheetData>" d "</sheetData></worksheet>"
#define STRINGS(s)                 XML "<sst " MAIN_NS ">" s "</sst>"
#define STYLES(s)                  XML "<styleSheet " MAIN_NS ">" s "</styleSheet>"

#define ROOT_RELS RELS(RELATION("r1", "officeDocument", "xl/workbook.xml"))
#define BOOK_RELS                                                                                                      \
    RELS(RELATION("rId1", "worksheet", "worksheets/sheet1.xml") RELATION("rId2", "sharedStrings", "sharedStrings.xml") \
             RELATION("rId3", "styles", "styles.xml"))

enum { P_TYPES, P_ROOT_RELS, P_BOOK, P_BOOK_RELS, P_SHEET, P_STRINGS, P_STYLES, P_OTHER, P_PARTS };

struct xlsx_parts {
    struct zip_part part[P_PARTS]; /* a part whose text is not set gets its default, if it has one */
    bool strings_last;             /* the shared strings behind the sheet */
};

static inline void xlsx_parts_build(struct buf *out, const struct xlsx_parts *parts)
{
    static const struct {
        const char *name, *text;
    } defaults[P_PARTS] = {
        [P_TYPES] = {"[Content_Types].xml", TYPES("")}, [P_ROOT_RELS] = {"_rels/.rels", ROOT_RELS},
        [P_BOOK] = {"xl/workbook.xml", BOOK(SHEETS)},   [P_BOOK_RELS] = {"xl/_rels/workbook.xml.rels", BOOK_RELS},
        [P_SHEET] = {"xl/worksheets/sheet1.xml", NULL}, [P_STRINGS] = {"xl/sharedStrings.xml", NULL},
        [P_STYLES] = {"xl/styles.xml", NULL},
    };
    static const int orders[2][P_PARTS] = {
        {P_TYPES, P_ROOT_RELS, P_STRINGS, P_STYLES, P_BOOK, P_BOOK_RELS, P_SHEET, P_OTHER},
        {P_SHEET, P_OTHER, P_BOOK_RELS, P_BOOK, P_STYLES, P_STRINGS, P_ROOT_RELS, P_TYPES}};
    struct zip_part given[P_PARTS];
    uint32_t n = 0;
    for (int i = 0; i < P_PARTS; i++) {
        int which = orders[parts->strings_last][i];
        struct zip_part part = parts->part[which];
        if (!part.name)
            part.name = defaults[which].name;
        if (!part.text.p && defaults[which].text)
            part.text = (struct span){defaults[which].text, (uint32_t)strlen(defaults[which].text)};
        if (part.name && part.text.p)
            given[n++] = part;
    }
    zip_build(out, given, n);
}

#endif

# sql2c.awk - turns .sql files with declared statements into C: `-v mode=h` the header, `-v mode=c` the definitions.
#
# A statement is declared by a line `-- name(in) out [BATCH|BULK|COPY]` and goes on to the next such line (see common/pg.h).
# -v array=NAME names the list of all statements; -v rows=FILE includes the header of the service's own rows.
function flush() {
    if (name == "")
        return
    sub(/[ \n\t]+$/, "", text)
    if (text !~ /;$/) {
        printf "%s: statement %s does not end with a semicolon\n", FILENAME, name > "/dev/stderr"
        exit 1
    }
    sub(/;$/, "", text)
    gsub(/\\/, "\\\\\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/\n/, "\\n\"\n            \"", text)
    if (name in seen) {
        printf "%s: statement %s is declared twice\n", FILENAME, name > "/dev/stderr"
        exit 1
    }
    seen[name] = 1
    order[++n] = name
    if (mode == "h")
        printf "extern struct stmt SQL_%s;\n", name
    else
        printf "struct stmt SQL_%s = {.name = \"%s\",\n    .text = \"%s\",\n    .in = %s, .out = %s, .kind = STMT_%s};\n\n", \
            name, name, text, input == "" ? "NULL" : "&msg_" input, output == "" ? "NULL" : "&msg_" output, kind
    name = ""
}
BEGIN {
    print "/* Derived from .sql files by common/sql2c.awk; not edited by hand. */"
    if (mode == "h") {
        guard = toupper(array) "_H"
        printf "#ifndef %s\n#define %s\n#include \"pg.h\"\n", guard, guard
    } else {
        print "#include \"pg.h\""
    }
    if (rows)
        printf "#include \"%s\"\n", rows
    if (mode == "c")
        printf "#include \"%s\"\n", header
    print ""
}
FNR == 1 {
    flush()
}
/^-- [a-z][a-z0-9_]*\([a-z0-9_]*\)/ {
    flush()
    head = substr($0, 4)
    name = head
    sub(/\(.*/, "", name)
    input = head
    sub(/^[^(]*\(/, "", input)
    sub(/\).*/, "", input)
    rest = head
    sub(/^[^)]*\)[ ]*/, "", rest)
    output = ""
    kind = "ONE"
    count = split(rest, words, /[ ]+/)
    for (i = 1; i <= count; i++) {
        if (words[i] == "BATCH" || words[i] == "BULK" || words[i] == "COPY")
            kind = words[i]
        else if (words[i] != "")
            output = words[i]
    }
    text = ""
    next
}
/^[ ]*--/ {
    next
}
name != "" && (text != "" || $0 !~ /^[ ]*$/) {
    text = text (text == "" ? "" : "\n") $0
}
END {
    flush()
    if (mode == "h") {
        printf "\nextern struct stmt *const %s[];\n#endif\n", array
    } else {
        printf "struct stmt *const %s[] = {", array
        for (i = 1; i <= n; i++)
            printf "&SQL_%s, ", order[i]
        print "NULL};"
    }
}

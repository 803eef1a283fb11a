-- fate.sql - what decrees and files of units made of units, and of the units of a frozen report.

-- fates_put(fate_row) BULK
-- In the order in which they are told; told again they are known.
INSERT INTO unit_fate (decree_id, number, effective_from, op, old_unit, new_unit)
SELECT f.decree_id, f.number, f.effective_from, f.op, f.old_unit, f.new_unit
FROM unnest(:decree_id, :number, :effective_from, :op, :old_unit, :new_unit) WITH ORDINALITY
    AS f (decree_id, number, effective_from, op, old_unit, new_unit, nr)
ORDER BY f.nr
ON CONFLICT DO NOTHING;

-- snapshot_units_changed(snapshot_ref) fates_count
SELECT count(DISTINCT r.unit_id) AS units
FROM snapshot s JOIN snapshot_row r USING (snapshot_id)
JOIN unit_fate f ON f.old_unit = r.unit_id AND f.effective_from > s.cutoff_date
WHERE s.snapshot_id = :snapshot_id;

-- snapshot_fates(snapshot_ref) unit_fate
-- From each unit of the report along those that went on for it: what befell one of them before it did so is not part of the
-- way. Names are those of the day before and of the day itself.
WITH RECURSIVE way AS (
    SELECT r.unit_id, f.seq, f.decree_id, f.number, f.effective_from, f.op, f.old_unit, f.new_unit
    FROM snapshot s JOIN snapshot_row r USING (snapshot_id)
    JOIN unit_fate f ON f.old_unit = r.unit_id AND f.effective_from > s.cutoff_date
    WHERE s.snapshot_id = :snapshot_id
    UNION
    SELECT w.unit_id, f.seq, f.decree_id, f.number, f.effective_from, f.op, f.old_unit, f.new_unit
    FROM way w
    JOIN unit_fate f ON f.old_unit = w.new_unit AND (f.effective_from, f.seq) > (w.effective_from, w.seq)
    WHERE w.new_unit <> w.old_unit
), named AS (
    SELECT w.*, r.code, r.name, coalesce(b.code, r.code) AS old_code, coalesce(b.name, r.name) AS old_name,
        a.code AS new_code, a.name AS new_name, above.name AS parent_name,
        to_char(w.effective_from, 'DD/MM/YYYY') AS day_vi, to_char(w.effective_from, 'YYYY-MM-DD') AS day_en
    FROM way w
    JOIN snapshot_row r ON r.snapshot_id = :snapshot_id AND r.unit_id = w.unit_id
    LEFT JOIN LATERAL (SELECT v.code, v.name FROM unit_version v WHERE v.unit_id = w.old_unit
        AND v.valid_from < w.effective_from AND (v.valid_to IS NULL OR v.valid_to >= w.effective_from)
        ORDER BY v.valid_from DESC LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT v.code, v.name, v.parent_id FROM unit_version v WHERE v.unit_id = w.new_unit
        AND v.valid_from <= w.effective_from AND (v.valid_to IS NULL OR v.valid_to > w.effective_from)
        ORDER BY v.valid_from DESC LIMIT 1) a ON true
    LEFT JOIN LATERAL (SELECT v.name FROM unit_version v WHERE v.unit_id = a.parent_id
        AND v.valid_from <= w.effective_from AND (v.valid_to IS NULL OR v.valid_to > w.effective_from)
        ORDER BY v.valid_from DESC LIMIT 1) above ON true
)
SELECT unit_id, code, name, op, effective_from, number, decree_id, old_unit, old_code, old_name, new_unit, new_code, new_name,
    parent_name,
    CASE WHEN old_unit <> unit_id THEN old_name || ' (' || old_code || '): ' ELSE '' END ||
    CASE op WHEN 'rename' THEN 'đổi tên thành ' || coalesce(new_name, '?')
            WHEN 'move' THEN 'chuyển về trực thuộc ' || coalesce(parent_name, '?')
            WHEN 'merge' THEN 'sáp nhập vào ' || coalesce(new_name || ' (' || new_code || ')', '?')
            WHEN 'split' THEN 'được chia, một phần là ' || coalesce(new_name || ' (' || new_code || ')', '?')
            WHEN 'close' THEN 'giải thể'
            ELSE 'đổi mã thành ' || coalesce(new_code, '?') END ||
    ' từ ngày ' || day_vi || ' theo ' || coalesce(number, 'tệp đơn vị đã nhập') AS text_vi,
    CASE WHEN old_unit <> unit_id THEN old_name || ' (' || old_code || '): ' ELSE '' END ||
    CASE op WHEN 'rename' THEN 'renamed ' || coalesce(new_name, '?')
            WHEN 'move' THEN 'moved below ' || coalesce(parent_name, '?')
            WHEN 'merge' THEN 'merged into ' || coalesce(new_name || ' (' || new_code || ')', '?')
            WHEN 'split' THEN 'split, a part being ' || coalesce(new_name || ' (' || new_code || ')', '?')
            WHEN 'close' THEN 'closed'
            ELSE 'code changed to ' || coalesce(new_code, '?') END ||
    ' from ' || day_en || ' by ' || coalesce(number, 'an imported file of units') AS text_en
FROM named
ORDER BY code COLLATE "C", unit_id, effective_from, seq, new_code
LIMIT 5001;

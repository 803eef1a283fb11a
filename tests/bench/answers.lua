-- answers.lua - wrk's script for BENCH=answers: each request saves the next revision of one answer of a running attempt.
-- PEOPLE names a file of seed_exam; the same script drives the bare echo.
local attempts, tokens = {}, {}
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    for line in io.lines(os.getenv("PEOPLE")) do
        local token, attempt = line:match("^(%S+) %S+ (%S+)$")
        tokens[#tokens + 1] = token
        attempts[#attempts + 1] = attempt
    end
    at = number * 1000
    -- Revisions of this run are above those of an earlier one.
    revision = (os.time() % 100000) * 20000 + number * 10000
end

function request()
    at = at + 1
    if at % #attempts == 0 then revision = revision + 1 end
    local i = at % #attempts + 1
    local body = '{"revision":' .. revision .. ',"response":"' .. (at % 4 + 1) .. '"}'
    return "PUT /v1/attempts/" .. attempts[i] .. "/answers/" .. (at % 39 + 1) .. " HTTP/1.1\r\nHost: bench\r\n" ..
        "Authorization: Bearer " .. tokens[i] .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body ..
        "\r\n\r\n" .. body
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %.1f %.3f %.3f %d\n", (summary.requests - errors.status) / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

-- history.lua - wrk's script for BENCH=growth: one person after the other looks at his or her attempts. PEOPLE names a file
-- of seed_exam.
local tokens = {}
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    for line in io.lines(os.getenv("PEOPLE")) do
        tokens[#tokens + 1] = line:match("^(%S+) ")
    end
    at = number * 500
end

function request()
    at = at + 1
    return "GET /v1/me/attempts HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " .. tokens[at % #tokens + 1] .. "\r\n\r\n"
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %.1f %.3f %.3f %d\n", (summary.requests - errors.status) / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

-- beats.lua - wrk's script for BENCH=beats: a sign of life of one learner after the other. PEOPLE names a file whose lines are
-- their tokens; the lesson stands in the address.
local requests = {}
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    for line in io.lines(os.getenv("PEOPLE")) do
        requests[#requests + 1] = wrk.format("POST", nil, {["Authorization"] = "Bearer " .. line, ["Content-Length"] = "0"})
    end
    at = number * math.floor(#requests / 2)
end

function request()
    at = at + 1
    return requests[at % #requests + 1]
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("RESULT %.1f %.3f %.3f %d\n", (summary.requests - errors.status) / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

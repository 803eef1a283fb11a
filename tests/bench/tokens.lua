-- tokens.lua - wrk's script for BENCH=tokens: reads of TARGET, with the tokens of the file PEOPLE one after the other, or
-- without any when it is empty.
local requests = {}
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    local head = "GET " .. os.getenv("TARGET") .. " HTTP/1.1\r\nHost: bench\r\n"
    for line in io.lines(os.getenv("PEOPLE")) do
        requests[#requests + 1] = head .. "Authorization: Bearer " .. line .. "\r\n\r\n"
    end
    if #requests == 0 then requests[1] = head .. "\r\n" end
    at = number * 17
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

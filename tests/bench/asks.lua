-- asks.lua - wrk's script for BENCH=tokens, growth and beats: one person after the other asks for TARGET, by METHOD (GET when it
-- is not set), without a body. PEOPLE names a file whose lines begin with a token; when it is empty, nobody says who asks.
local requests = {}
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    local method = os.getenv("METHOD") or "GET"
    local head = method .. " " .. os.getenv("TARGET") .. " HTTP/1.1\r\nHost: bench\r\n"
    if method ~= "GET" then head = head .. "Content-Length: 0\r\n" end
    for line in io.lines(os.getenv("PEOPLE")) do
        requests[#requests + 1] = head .. "Authorization: Bearer " .. line:match("^(%S+)") .. "\r\n\r\n"
    end
    if #requests == 0 then requests[1] = head .. "\r\n" end
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

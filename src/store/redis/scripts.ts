/** The single steps of Redis: scripts in Lua, each of which runs without interruption. */

/** The version of the keys: in the second one, logs that were removed begin behind {@link FLOOR} when they are made. */
export const VERSION = 2;
/** The version of keys that every version takes. */
export const FIRST_VERSION = 1;

/** The prefix of all keys. */
const PREFIX = 'fdmux:';

/** The leases of nodes, sorted by the time at which they end, in milliseconds by the server's clock. */
export const LEASES = `${PREFIX}leases`;
/** The nodes that note which logs they use; those of earlier versions do not. */
export const USERS = `${PREFIX}users`;
/** A number that is higher than any number of a pack in a log that has been removed. */
export const FLOOR = `${PREFIX}floor`;
/** The names of all logs. */
export const LOGS = `${PREFIX}logs`;
/** The number of the version that has written the keys. */
export const VERSION_KEY = `${PREFIX}version`;
/** Which process serves, and since when, in milliseconds by its clock. */
export const SERVING_KEY = `${PREFIX}serving`;
/** The key that a server that has refused something must take before it counts as back. */
export const TRIAL = `${PREFIX}trial`;

/** The channel on which appends are announced. Channels are the same in all databases of a server. */
export function channelOf(db: number): string {
  return `${PREFIX}${db}`;
}

/**
 * The keys of a log.
 *
 * The first is a hash: `top` is the number of the last pack that there has been, `mark` is its mark, `first` is the
 * number of the first pack that is kept, `entries` is how many the packs hold that are kept, `kept` is the state after
 * the pack `kept_seq`, `used` is when somebody last used the log, in milliseconds by the server's clock, to the hour.
 *
 * The other one is a stream of the packs. The id of a pack is its number and, behind the dash, the time of its last
 * entry; `n` is how many entries it has, `m` its mark, `b` the mark before, `e` the pack.
 */
export function keysOf(log: string): readonly [ends: string, packs: string] {
  return [`${PREFIX}log:${log}`, `${PREFIX}packs:${log}`];
}

/** For how long a note that a log is in use will do, in milliseconds. */
const NOTED_MS = 3_600_000;

/**
 * Makes a log that is not there, behind all that have been removed. A state without a pack may be there: somebody has
 * kept one of the beginning.
 */
const BEGIN_LOG = `local function now()
  local time = redis.call('TIME')
  return string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
end
local function begin(key, name, logs, floorKey)
  local floor = redis.call('GET', floorKey) or '0'
  redis.call('HSET', key, 'top', floor, 'mark', '', 'first', string.format('%d', floor + 1), 'used', now())
  redis.call('HSETNX', key, 'entries', 0)
  redis.call('HSETNX', key, 'kept_seq', floor)
  redis.call('SADD', logs, name)
  return tonumber(floor)
end
`;

/** Notes that a log is in use, and makes it if it is not there. A note of the last hour will do. */
const USE_LOG = `${BEGIN_LOG}
local function use(key, name, logs, floorKey)
  local found = redis.call('HMGET', key, 'top', 'used')
  if not found[1] then begin(key, name, logs, floorKey)
  elseif not found[2] or tonumber(found[2]) < now() - ${NOTED_MS} then redis.call('HSET', key, 'used', now()) end
end
`;

/** Drops the first packs of a log, at most a number of them, while `isTooMany` is true of the oldest one. */
const DROP = `local function drop(packs, log, most, isTooMany)
  local found = redis.call('XRANGE', packs, '-', '+', 'COUNT', most)
  local last
  for _, pack in ipairs(found) do
    local seq, atMs = string.match(pack[1], '(%d+)-(%d+)')
    if not isTooMany(tonumber(seq), tonumber(atMs)) then break end
    log.entries = log.entries - tonumber(pack[2][2])
    log.first = tonumber(seq) + 1
    last = pack
  end
  if last then redis.call('XTRIM', packs, 'MINID', string.format('%d-0', log.first)) end
end
`;

/** The most bytes of a pack that is announced together with its content. */
const MAX_DELIVERED_BYTES = 65_536;

/**
 * Appends packs of several logs, announces them on a channel, and returns number, mark before and mark of each pack.
 *
 * An announcement has the appender, the number of the pack and the name of its log; if the pack is not too large, the
 * mark before it and its own mark are in the second line, and the pack follows.
 *
 * KEYS: the names of all logs, then two for each log, then the floor. ARGV: the channel, who appends, the most entries
 * that a log keeps, the name of each log, then for each pack the index of its log, its entries, its time and its bytes.
 */
export const APPEND = `${DROP}${BEGIN_LOG}
local logs = {}
local count = (#KEYS - 2) / 2
local most = tonumber(ARGV[3])
for i = 1, count do
  local found = redis.call('HMGET', KEYS[2 * i], 'top', 'mark', 'entries', 'first')
  if not found[1] then found[1] = begin(KEYS[2 * i], ARGV[3 + i], KEYS[1], KEYS[#KEYS]) end
  logs[i] = { top = tonumber(found[1]), mark = found[2] or '', entries = tonumber(found[3] or 0),
    first = tonumber(found[4] or found[1] + 1) }
end
local places = {}
local announcements = {}
for at = 4 + count, #ARGV, 4 do
  local i = tonumber(ARGV[at])
  local log = logs[i]
  local before = log.mark
  log.mark = string.sub(redis.sha1hex(before .. ARGV[at + 3]), 1, 32)
  log.top = log.top + 1
  log.entries = log.entries + tonumber(ARGV[at + 1])
  redis.call('XADD', KEYS[2 * i + 1], string.format('%d-%s', log.top, ARGV[at + 2]),
    'n', ARGV[at + 1], 'b', before, 'm', log.mark, 'e', ARGV[at + 3])
  local news = ARGV[2] .. string.format(' %d ', log.top) .. ARGV[3 + i]
  if #ARGV[at + 3] <= ${MAX_DELIVERED_BYTES} then
    news = news .. '\\n' .. before .. ' ' .. log.mark .. '\\n' .. ARGV[at + 3]
  end
  announcements[#announcements + 1] = news
  places[#places + 1] = { log.top, before, log.mark }
end
for i = 1, count do
  local log = logs[i]
  local was = -1
  while log.entries > most and log.first ~= was do
    was = log.first
    drop(KEYS[2 * i + 1], log, 10, function() return log.entries > most end)
  end
  redis.call('HSET', KEYS[2 * i], 'top', log.top, 'mark', log.mark, 'entries', log.entries, 'first', log.first)
end
for _, news in ipairs(announcements) do redis.call('PUBLISH', ARGV[1], news) end
return places
`;

/**
 * Puts packs back into a log that has lost them, if it ends where it must, and returns whether it does.
 *
 * KEYS and ARGV: as those of {@link APPEND}, for one log, and then the number and the mark of the pack before these,
 * and those at which the log must end.
 */
export const RESTORE = `local found = redis.call('HMGET', KEYS[2], 'top', 'mark')
if (found[1] or redis.call('GET', KEYS[#KEYS]) or '0') ~= ARGV[#ARGV - 1] or (found[2] or '') ~= ARGV[#ARGV] then return 0 end
local from = ARGV[#ARGV - 3]
if from ~= ARGV[#ARGV - 1] then
  redis.call('HSET', KEYS[2], 'top', from, 'mark', ARGV[#ARGV - 2], 'first', string.format('%d', from + 1))
  redis.call('SADD', KEYS[1], ARGV[4])
end
local given = {}
for at = 1, #ARGV - 4 do given[at] = ARGV[at] end
local function append(ARGV)
${APPEND}
end
append(given)
return 1
`;

/**
 * Leaves out numbers: the next pack of each log gets one that is higher than a number. A state that includes the last
 * pack includes the left-out numbers, too.
 *
 * KEYS: the names of all logs, then the first one of each log, then the floor. ARGV: for each log, the number and the
 * name.
 */
export const SKIP = `${BEGIN_LOG}
for i = 2, #KEYS - 1 do
  local to = tonumber(ARGV[2 * i - 3])
  local found = redis.call('HMGET', KEYS[i], 'top', 'mark', 'first', 'kept_seq')
  local top = tonumber(found[1] or begin(KEYS[i], ARGV[2 * i - 2], KEYS[1], KEYS[#KEYS]))
  if top < to then
    redis.call('HSET', KEYS[i], 'top', to, 'mark', found[2] or '')
    if tonumber(found[3] or top + 1) > top then redis.call('HSET', KEYS[i], 'first', to + 1) end
    if tonumber(found[4] or top) == top then redis.call('HSET', KEYS[i], 'kept_seq', to) end
  end
end
`;

/**
 * Returns for how many milliseconds the process that serves has done so: the first process that meets it notes the
 * time.
 *
 * KEYS: the place of that note. ARGV: the name of the process.
 */
export const SERVING = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HMGET', KEYS[1], 'process', 'since')
if found[1] == ARGV[1] then return now - tonumber(found[2]) end
redis.call('HSET', KEYS[1], 'process', ARGV[1], 'since', string.format('%d', now))
return 0
`;

/**
 * Reads logs. KEYS: two for each log, then the floor. ARGV: for each log, after which pack, and how many packs at most.
 */
export const READ = `local pages = {}
local floor = redis.call('GET', KEYS[#KEYS]) or '0'
for i = 1, (#KEYS - 1) / 2 do
  local ends = redis.call('HMGET', KEYS[2 * i - 1], 'first', 'top', 'mark')
  local from = string.format('%d-0', tonumber(ARGV[2 * i - 1]) + 1)
  local packs = redis.call('XRANGE', KEYS[2 * i], from, '+', 'COUNT', ARGV[2 * i])
  pages[i] = { ends[1] or string.format('%d', floor + 1), ends[2] or floor, ends[3] or '', packs }
end
return pages
`;

/** Returns the ends of logs. KEYS: the first one of each log, then the floor. */
export const ENDS = `local ends = {}
local floor = redis.call('GET', KEYS[#KEYS]) or '0'
for i = 1, #KEYS - 1 do
  local found = redis.call('HMGET', KEYS[i], 'top', 'mark')
  ends[i] = { found[1] or floor, found[2] or '' }
end
return ends
`;

/** Confirms that a node lives. KEYS: the leases, the users. ARGV: the node, and for how many milliseconds. */
export const LEASE = `local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[2], ARGV[1])
redis.call('SADD', KEYS[2], ARGV[1])
`;

/** Returns the nodes whose lease has ended. KEYS: the leases. */
export const EXPIRED = `local now = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now[1] * 1000 + math.floor(now[2] / 1000))
`;

/** Returns the nodes whose lease runs. KEYS: the leases. */
export const LIVING = `local now = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%d', now[1] * 1000 + math.floor(now[2] / 1000)), '+inf')
`;

/** Ends the lease of a node. KEYS: the leases, the users. ARGV: the node. */
export const FORGET = `redis.call('SREM', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
`;

/**
 * Keeps the state after a pack, unless that of a later one is kept, or the log has lost the pack. Packs before it that
 * are older than a time are dropped, a part of them with each state.
 *
 * KEYS: two for the log. ARGV: the number of the pack, the state or nothing, the milliseconds that packs are kept.
 */
export const KEEP = `${DROP}
local found = redis.call('HMGET', KEYS[1], 'top', 'kept_seq', 'entries', 'first')
local seq = tonumber(ARGV[1])
if seq > tonumber(found[1] or 0) or seq < tonumber(found[2] or 0) then return 0 end
redis.call('HSET', KEYS[1], 'kept_seq', ARGV[1])
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'kept') else redis.call('HSET', KEYS[1], 'kept', ARGV[2]) end
local now = redis.call('TIME')
local fromMs = now[1] * 1000 - tonumber(ARGV[3])
local log = { entries = tonumber(found[3] or 0), first = tonumber(found[4] or 1) }
drop(KEYS[2], log, 5000, function(number, atMs) return number <= seq and atMs < fromMs end)
redis.call('HSET', KEYS[1], 'entries', log.entries, 'first', log.first)
return 1
`;

/**
 * Drops packs that are in the state that is kept, a part of them at once, and returns how many it has dropped.
 *
 * KEYS: two for the log. ARGV: the time before which their last entries are.
 */
export const RETAIN = `${DROP}
local found = redis.call('HMGET', KEYS[1], 'kept_seq', 'entries', 'first')
local kept, fromMs = tonumber(found[1] or 0), tonumber(ARGV[1])
local first = tonumber(found[3] or 1)
local log = { entries = tonumber(found[2] or 0), first = first }
drop(KEYS[2], log, 1000, function(number, atMs) return number <= kept and atMs < fromMs end)
if log.first > first then redis.call('HSET', KEYS[1], 'entries', log.entries, 'first', log.first) end
return log.first - first
`;

/** Returns the kept part of a log; earlier versions and crashes leave some without all fields. */
const KEPT_PART = `local function part(key)
  local found = redis.call('HMGET', key, 'first', 'top', 'kept_seq', 'kept')
  return { found[1] or '1', found[2] or '0', found[3] or '0', found[4] }
end`;

/**
 * Returns the kept part of a log as {@link STATES} does, for somebody who is about to follow the log: it is there from
 * then on.
 *
 * KEYS: the names of all logs, the first one of the log, the floor. ARGV: its name.
 */
export const STATE = `${USE_LOG}
use(KEYS[2], ARGV[1], KEYS[1], KEYS[3])
${KEPT_PART}
return part(KEYS[2])
`;

/** Notes that logs are in use. KEYS: the names of all logs, the first one of each log, the floor. ARGV: the names. */
export const USE = `${USE_LOG}
for i = 2, #KEYS - 1 do use(KEYS[i], ARGV[i - 1], KEYS[1], KEYS[#KEYS]) end
`;

/**
 * Removes logs of which nothing is kept and that nobody has used for some time, unless a node of an earlier version may
 * use them, and returns their places in the list. Earlier versions begin a log that is not there at 1. Another node may
 * have removed some of them meanwhile.
 *
 * KEYS: the names of all logs, the floor, the leases, the users, the version, then two for each log. ARGV: for how many
 * milliseconds nobody has used them, this version, the names of the logs.
 */
export const REMOVE = `${BEGIN_LOG}
local before = now() - ARGV[1]
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], string.format('%d', before), '+inf')) do
  if redis.call('SISMEMBER', KEYS[4], node) == 0 then return {} end
end
local removed = {}
local floor = tonumber(redis.call('GET', KEYS[2]) or 0)
for i = 1, #ARGV - 2 do
  local ends, packs = KEYS[2 * i + 4], KEYS[2 * i + 5]
  local found = redis.call('HMGET', ends, 'top', 'used')
  if found[1] and not found[2] then
    redis.call('HSET', ends, 'used', now())
  elseif tonumber(found[2] or 0) < before and redis.call('HEXISTS', ends, 'kept') == 0
    and redis.call('XLEN', packs) == 0 then
    redis.call('DEL', ends, packs)
    redis.call('SREM', KEYS[1], ARGV[i + 2])
    floor = math.max(floor, tonumber(found[1] or 0) + 1)
    removed[#removed + 1] = i
  end
end
if #removed > 0 then redis.call('MSET', KEYS[2], string.format('%d', floor), KEYS[5], ARGV[2]) end
return removed
`;

/** Returns the kept parts of logs, with their beginnings and ends. KEYS: the first one of each log. */
export const STATES = `${KEPT_PART}
local states = {}
for i, key in ipairs(KEYS) do states[i] = part(key) end
return states
`;

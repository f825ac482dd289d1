import { auditAppendLua } from "./audit-chain.ts";
import { redisScript } from "./script.ts";

/**
 * The scripts that change records. Each is one change with its index entries and its audit event: there is no moment at
 * which one of them is there without the others.
 *
 * KEYS and ARGV of the writing scripts stand in `writeArguments` of request-store.ts, in this order.
 */
const clockLua = `
local function now_ms()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
`;

const writeLua = `${clockLua}${auditAppendLua}
local record, open, unsettled, undrawn, audit, face = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local recent, recent_of_target = KEYS[7], KEYS[8]
local id, revision, settled, expires_at = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[5]
local updated_at, event, retention_ms, deadline = ARGV[7], ARGV[9], ARGV[10], ARGV[11]

local function stored_revision()
  return tonumber(redis.call('HGET', record, 'revision') or 0)
end

local function write()
  redis.call('HSET', record, 'revision', ARGV[2], 'settled', settled, 'answersSecondPress', ARGV[4],
    'expiresAtMs', expires_at, 'storyEntries', ARGV[6], 'updatedAtMs', updated_at, 'text', ARGV[8])
  redis.call('ZADD', undrawn, updated_at, id)
  for _, list in ipairs({ { recent, 500 }, { recent_of_target, 50 } }) do
    redis.call('ZADD', list[1], 'NX', updated_at, id)
    redis.call('ZREMRANGEBYRANK', list[1], 0, -list[2] - 1)
    redis.call('PEXPIRE', list[1], retention_ms)
  end
  if settled == '1' then
    redis.call('ZREM', unsettled, id)
    if redis.call('GET', open) == id then redis.call('DEL', open) end
    redis.call('PEXPIRE', record, retention_ms)
    redis.call('PEXPIRE', face, retention_ms)
  else
    redis.call('ZADD', unsettled, deadline, id)
    redis.call('SET', open, id, 'NX')
    redis.call('PERSIST', record)
  end
  append_audit(audit, event, now_ms())
end
`;

/** Reply: `{1}` created, or `{0, text of the existing record, Redis' clock in ms}`. */
export const createScript = redisScript(`${writeLua}
local delivery, press = KEYS[9], KEYS[10]
local record_prefix, delivery_ms, press_ms = ARGV[12], ARGV[13], ARGV[14]
local now = now_ms()

local function found(key)
  local existing = redis.call('GET', key)
  if not existing then return nil end
  local fields = redis.call('HMGET', record_prefix .. existing, 'text', 'settled', 'answersSecondPress', 'expiresAtMs')
  if not fields[1] then return nil end
  local expired = fields[4] ~= '' and now >= tonumber(fields[4])
  return { text = fields[1], settled = fields[2] == '1', answers = fields[3] == '1', expired = expired }
end

local function existing_text()
  local delivered = found(delivery)
  if delivered then return delivered.text end
  local pressed = found(press)
  if pressed and pressed.answers and not pressed.expired then return pressed.text end
  local asked = found(open)
  if asked and not asked.settled and not asked.expired then return asked.text end
  return nil
end

local text = existing_text()
if text then return { 0, text, now } end
redis.call('SET', delivery, id, 'PX', delivery_ms)
redis.call('SET', press, id, 'PX', press_ms)
redis.call('SET', open, id)
write()
return { 1 }
`);

/** Reply: 1 written, 0 not: the stored revision is another, or what is stored has expired and `next` would go on waiting. */
export const compareAndSetScript = redisScript(`${writeLua}
if stored_revision() ~= revision - 1 then return 0 end
local stored_expiry = redis.call('HGET', record, 'expiresAtMs')
local goes_on_waiting = settled == '0' and expires_at ~= ''
if goes_on_waiting and stored_expiry ~= '' and now_ms() >= tonumber(stored_expiry) then return 0 end
write()
return 1
`);

/** Reply: 1 written, 0 when the same or a newer revision is there. */
export const restoreScript = redisScript(`${writeLua}
if stored_revision() >= revision then return 0 end
write()
return 1
`);

/** Reply: `{text or false, Redis' clock in ms}`. A record without its text reads as empty text, not as no record. */
export const readScript = redisScript(`${clockLua}
local text = redis.call('HGET', KEYS[1], 'text')
if not text and redis.call('EXISTS', KEYS[1]) == 1 then text = '' end
return { text, now_ms() }
`);

/**
 * Reply: `{ids in the order of their score, Redis' clock in ms}`. Ids whose record is gone leave the index here: a
 * record ends by its lifetime, and the index cannot hear of that.
 */
export const listIndexScript = redisScript(`${clockLua}
local ids = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('EXISTS', ARGV[1] .. id) == 1 then
    ids[#ids + 1] = id
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return { ids, now_ms() }
`);

export const clockScript = redisScript(`${clockLua}
return now_ms()
`);

export const auditScript = redisScript(`${clockLua}${auditAppendLua}
append_audit(KEYS[1], ARGV[1], now_ms())
return 1
`);

/*
 * The engine of ../hello in C, without a C library: the canonical ABI of world `strongroom:plugin/plugin` by hand, and as much JSON as it takes.
 * ABI.md of the SDK has every message. A greeting is kept as the JSON text of its string, so that nothing has to be unescaped.
 */
typedef unsigned int u32;
typedef unsigned char u8;

typedef struct {
  const u8 *at;
  u32 length;
} text;

/* The record `message`, as the host reads it. */
typedef struct {
  text head, body;
  const text *blobs;
  u32 blob_count;
} message;

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(name) __attribute__((import_module("strongroom:plugin/host@1.0.0"), import_name(name)))
#define LITERAL(string) ((text){(const u8 *)(string), sizeof(string) - 1})

enum { log_debug, log_info, log_warn, log_error };
IMPORT("log") void host_log(u32 level, const u8 *at, u32 length);

/* Memory: what the host hands over is gone after the turn. */

extern u8 __heap_base;
static u32 top = (u32)&__heap_base;

EXPORT("cabi_realloc") void *cabi_realloc(u8 *old, u32 had, u32 align, u32 size) {
  u32 at = (top + align - 1) & -align;
  top = at + size;
  u32 pages = (top + 65535) >> 16, have = __builtin_wasm_memory_size(0);
  if (pages > have && __builtin_wasm_memory_grow(0, pages - have) == (u32)-1) __builtin_trap();
  for (u32 index = 0; index < had && index < size; index++) ((u8 *)at)[index] = old[index];
  return (void *)at;
}

/* Output: one buffer for head and body. */

static u8 out[65536];
static u32 written;

static void put(text part) {
  if (part.length > sizeof out - written) __builtin_trap();
  for (u32 index = 0; index < part.length; index++) out[written++] = part.at[index];
}

static text since(u32 start) { return (text){out + start, written - start}; }

/* JSON that the host wrote, which is well-formed. */

static const u8 *skip_string(const u8 *at) {
  for (at++; *at != '"'; at++)
    if (*at == '\\') at++;
  return at + 1;
}

static const u8 *skip_value(const u8 *at, const u8 *end) {
  u32 depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = skip_string(at);
      if (!depth) return at;
      continue;
    }
    if (*at == '{' || *at == '[') depth++;
    if (*at == '}' || *at == ']' || *at == ',') {
      if (!depth) return at;
      if (*at != ',' && !--depth) return at + 1;
    }
    at++;
  }
  return at;
}

static int same(text a, text b) {
  if (a.length != b.length) return 0;
  for (u32 index = 0; index < a.length; index++)
    if (a.at[index] != b.at[index]) return 0;
  return 1;
}

/* The text of a member of an object, empty when there is none. `name` has its quotes. */
static text member(text object, text name) {
  const u8 *end = object.at + object.length, *at = object.at + 1;
  while (at < end && *at == '"') {
    const u8 *colon = skip_string(at);
    const u8 *after = skip_value(colon + 1, end);
    if (same((text){at, colon - at}, name)) return (text){colon + 1, after - colon - 1};
    at = *after == ',' ? after + 1 : end;
  }
  return (text){at, 0};
}

/* The text of an item of a list, empty when there is none. */
static text item(text list, u32 number) {
  const u8 *end = list.at + list.length, *at = list.at + 1;
  while (at < end && *at != ']') {
    const u8 *after = skip_value(at, end);
    if (!number--) return (text){at, after - at};
    at = *after == ',' ? after + 1 : end;
  }
  return (text){at, 0};
}

/* A string without its quotes, still escaped. */
static text bare(text string) { return (text){string.at + 1, string.length - 2}; }

/* The engine. */

static const char outline[] =
    "{\"name\":\"hello-c\",\"version\":\"1.0.0\",\"leases\":{},\"routes\":{\"greeting/{name}\":{\"template\":\"greeting/{name}\","
    "\"summary\":\"A greeting\",\"access\":\"token\",\"exists\":\"greeting/{name}\",\"verbs\":{"
    "\"read\":{\"summary\":\"A greeting\",\"reads\":[\"greeting/{name}\"],\"outside\":false,\"input\":{}},"
    "\"update\":{\"summary\":\"A greeting\",\"reads\":[],\"outside\":false,"
    "\"input\":{\"text\":{\"json\":{\"type\":\"string\",\"maxLength\":200},\"optional\":false}}}}}}}";
static text described = {(const u8 *)outline, sizeof outline - 1};

EXPORT("describe") const text *describe(void) { return &described; }

static message answer;
static text blob;

static void begin(text kind, text call) {
  put(LITERAL("{\"kind\":"));
  put(kind);
  put(LITERAL(",\"call\":"));
  put(call);
}

static void read(text call, text head, text name, const text *blobs) {
  text entry = item(member(head, LITERAL("\"entries\"")), 0);
  int found = *item(entry, 2).at != '-';
  begin(LITERAL("\"reply\""), call);
  put(LITERAL(",\"writes\":[],\"uncacheable\":false"));
  if (found) put(LITERAL(",\"reply\":{}"));
  put(LITERAL("}"));
  answer.head = since(0);
  if (!found) return;
  u32 start = written;
  put(LITERAL("{\"name\":"));
  put(name);
  put(LITERAL(",\"text\":"));
  put(blobs[0]);
  put(LITERAL("}"));
  answer.body = since(start);
}

static void update(text call, text head, text name) {
  begin(LITERAL("\"reply\""), call);
  put(LITERAL(",\"writes\":[[\"greeting/"));
  put(bare(name));
  put(LITERAL("\",0]],\"uncacheable\":false}"));
  answer.head = since(0);
  blob = member(member(head, LITERAL("\"input\"")), LITERAL("\"text\""));
  answer.blobs = &blob;
  answer.blob_count = 1;
}

EXPORT("handle")
const message *handle(const u8 *at, u32 length, const u8 *body, u32 body_length, const text *blobs, u32 blob_count) {
  text head = {at, length};
  text call = member(head, LITERAL("\"call\"")), verb = member(head, LITERAL("\"verb\""));
  text name = member(member(head, LITERAL("\"params\"")), LITERAL("\"name\""));
  written = 0;
  answer = (message){{out, 0}, {out, 0}, &blob, 0};
  if (same(verb, LITERAL("\"read\""))) read(call, head, name, blobs);
  else if (same(verb, LITERAL("\"update\""))) update(call, head, name);
  else {
    /* It asks no questions: an answer can only be that a call was given up. */
    begin(LITERAL("\"questions\""), call);
    put(LITERAL(",\"ask\":[]}"));
    answer.head = since(0);
  }
  text line = LITERAL("a greeting was handled");
  host_log(log_debug, line.at, line.length);
  return &answer;
}

EXPORT("cabi_post_handle") void cabi_post_handle(const message *done) { top = (u32)&__heap_base; }

// Fills tables in memory with argv[1] rows, asks them, changes them, and prints the answers.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static int row(void *unused, int count, char **values, char **names) {
  for (int i = 0; i < count; i++) printf(i ? "|%s" : "%s", values[i] ? values[i] : "NULL");
  printf("\n");
  return 0;
}

static void run(sqlite3 *db, const char *text) {
  char *error = NULL;
  if (sqlite3_exec(db, text, row, NULL, &error) != SQLITE_OK) {
    fprintf(stderr, "%s\n", error);
    exit(1);
  }
}

// A database in memory needs a system too, by which SQLite asks for the time and for chance.
static int chance(sqlite3_vfs *system, int len, char *out) {
  for (int i = 0; i < len; i++) out[i] = (char)(i * 37 + 11);
  return len;
}

static int now(sqlite3_vfs *system, double *day) {
  *day = 2460000.5;
  return SQLITE_OK;
}

static int path(sqlite3_vfs *system, const char *name, int room, char *out) {
  sqlite3_snprintf(room, out, "%s", name);
  return SQLITE_OK;
}

int sqlite3_os_init(void) {
  static sqlite3_vfs system = {
      .iVersion = 1, .szOsFile = 64, .mxPathname = 100, .zName = "none", .xFullPathname = path, .xRandomness = chance, .xCurrentTime = now};
  return sqlite3_vfs_register(&system, 1);
}

int sqlite3_os_end(void) { return SQLITE_OK; }

int main(int argc, char **argv) {
  sqlite3 *db;
  if (argc != 2 || sqlite3_open(":memory:", &db) != SQLITE_OK) return 1;
  run(db, "CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, town INTEGER, age INTEGER, pay REAL);"
          "CREATE TABLE towns(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
          "CREATE INDEX by_town ON people(town, age);");
  sqlite3_stmt *insert;
  if (sqlite3_prepare_v2(db, "INSERT INTO people VALUES(?, ?, ?, ?, ?)", -1, &insert, NULL) != SQLITE_OK) return 1;
  run(db, "BEGIN");
  unsigned random = 1;
  for (int i = 0, rows = atoi(argv[1]); i < rows; i++) {
    random = random * 1664525u + 1013904223u;
    char name[32];
    int len = snprintf(name, sizeof name, "%c%s%u", 'A' + random % 26, random & 64 ? "nna" : "ndrew", random >> 22);
    sqlite3_bind_int(insert, 1, i);
    sqlite3_bind_text(insert, 2, name, len, SQLITE_TRANSIENT);
    sqlite3_bind_int(insert, 3, (int)(random >> 16) % 50);
    sqlite3_bind_int(insert, 4, 18 + (int)(random >> 10) % 60);
    sqlite3_bind_double(insert, 5, (double)(random >> 8) / 1000);
    if (sqlite3_step(insert) != SQLITE_DONE) return 1;
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
  run(db, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49) "
          "INSERT INTO towns SELECT i, 'town ' || printf('%03d', i * 7 % 50) FROM n;"
          "COMMIT;");
  run(db, "SELECT count(*), sum(age), round(avg(pay), 3) FROM people WHERE name LIKE 'A%na%';"
          "SELECT towns.name, count(*), max(age), round(sum(pay), 2) FROM people JOIN towns ON town = towns.id "
          "  WHERE age BETWEEN 30 AND 50 GROUP BY towns.name HAVING count(*) > 5 ORDER BY 4 DESC LIMIT 3;"
          "UPDATE people SET pay = pay * 1.1 WHERE age % 7 = 3;"
          "DELETE FROM people WHERE id % 11 = 5;"
          "SELECT upper(substr(name, 1, 3)), length(group_concat(name, '/')) FROM people GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3;"
          "SELECT id, name FROM people ORDER BY name DESC, id LIMIT 5;"
          "SELECT count(*) FROM people a JOIN people b ON a.town = b.town AND a.age = b.age AND a.id < b.id;"
          "SELECT town, age, rank() OVER (PARTITION BY town ORDER BY pay DESC) AS place FROM people ORDER BY place DESC, town LIMIT 3;"
          "SELECT sum(json_extract('{\"a\":[1,2,' || age || ']}', '$.a[2]')) FROM people WHERE town < 5;"
          "SELECT count(DISTINCT name), min(pay) FROM people WHERE town IN (SELECT id FROM towns WHERE name < 'town 020');");
  sqlite3_close(db);
  return 0;
}

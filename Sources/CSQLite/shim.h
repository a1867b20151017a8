#include <sqlite3.h>

// Variadic in C, which Swift cannot call.
static inline int drillmark_sqlite3_db_config(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}

// Parses the JavaScript in argv[1], argv[2] times, walks each tree, and prints the length of the text, how many nodes were
// met, and a hash of their kinds and ends.
#include <stdio.h>
#include <stdlib.h>
#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_javascript(void);

int main(int argc, char **argv) {
  static char text[1 << 20];
  FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return 1;
  size_t len = fread(text, 1, sizeof text, file);
  fclose(file);
  TSParser *parser = ts_parser_new();
  if (!ts_parser_set_language(parser, tree_sitter_javascript())) return 1;
  unsigned nodes = 0, hash = 0;
  for (int times = atoi(argv[2]); times > 0; times--) {
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)len);
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree));
    int more = 1;
    while (more) {
      TSNode node = ts_tree_cursor_current_node(&cursor);
      nodes++;
      hash = hash * 31 + ts_node_symbol(node) + ts_node_end_byte(node);
      more = ts_tree_cursor_goto_first_child(&cursor);
      while (!more && !(more = ts_tree_cursor_goto_next_sibling(&cursor)))
        if (!ts_tree_cursor_goto_parent(&cursor)) break;
    }
    ts_tree_cursor_delete(&cursor);
    ts_tree_delete(tree);
  }
  ts_parser_delete(parser);
  printf("bytes %zu nodes %u hash %08x\n", len, nodes, hash);
  return 0;
}

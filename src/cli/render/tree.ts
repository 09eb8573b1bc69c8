/** Trees in the glyphs that notation and oras share: four columns per level. */

/** A line and the lines below it. Texts are safe to print: whoever makes a node has escaped what came from outside. */
export interface TreeNode {
  readonly text: string;
  readonly children: readonly TreeNode[];
}

/**
 * Makes a node.
 *
 * @param text One line, safe to print.
 */
export function node(text: string, children: readonly TreeNode[] = []): TreeNode {
  return { text, children };
}

/** Makes a leaf `key: value`. */
export function pair(key: string, value: string): TreeNode {
  return node(`${key}: ${value}`);
}

/**
 * Writes a tree, one node a line, every line ended.
 *
 * @param root Printed without a glyph, at the margin.
 */
export function renderTree(root: TreeNode): string {
  const lines: string[] = [root.text];
  writeChildren(root.children, "", lines);
  return `${lines.join("\n")}\n`;
}

function writeChildren(children: readonly TreeNode[], margin: string, lines: string[]): void {
  children.forEach((child, index) => {
    const last = index === children.length - 1;
    lines.push(`${margin}${last ? "└── " : "├── "}${child.text}`);
    writeChildren(child.children, `${margin}${last ? "    " : "│   "}`, lines);
  });
}

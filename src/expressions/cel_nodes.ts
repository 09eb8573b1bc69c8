/** The nodes of a CEL expression that has been read. */

type Pair = readonly [Node, Node];

interface Place {
  /** Characters of the expression, from 0. */
  readonly start: number;
  readonly end: number;
}

/** A node: an operator and what it is applied to. */
export type Node =
  & Place
  & (
    | { readonly op: "value"; readonly args: unknown }
    | { readonly op: "id"; readonly args: string }
    | { readonly op: "." | ".?"; readonly args: readonly [Node, string] }
    | { readonly op: "[]" | "[?]"; readonly args: Pair }
    | { readonly op: "call"; readonly args: readonly [string, readonly Node[]] }
    | { readonly op: "rcall"; readonly args: readonly [string, Node, readonly Node[]] }
    | { readonly op: "list"; readonly args: readonly Node[] }
    | { readonly op: "map"; readonly args: readonly Pair[] }
    | { readonly op: "?:"; readonly args: readonly [Node, Node, Node] }
    | { readonly op: "||" | "&&"; readonly args: Pair }
    | { readonly op: "!_" | "-_"; readonly args: Node }
    | {
      readonly op: "!=" | "==" | "in" | "+" | "-" | "*" | "/" | "%" | "<" | "<=" | ">" | ">=";
      readonly args: Pair;
    }
  );

/** The nodes right below a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.op) {
    case "value":
    case "id":
      return [];
    case ".":
    case ".?":
      return [node.args[0]];
    case "call":
      return node.args[1];
    case "rcall":
      return [node.args[1], ...node.args[2]];
    case "map":
      return node.args.flat();
    case "!_":
    case "-_":
      return [node.args];
    default:
      return node.args;
  }
}

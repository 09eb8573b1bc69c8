/** Elements made from values. Data becomes text nodes and attribute values only, never markup. */

type Child = Node | string | undefined;

/** Attributes of an element; `undefined` leaves one out. */
type Attributes = Readonly<Record<string, string | undefined>>;

/** An element with attributes and children; text becomes text nodes. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly Child[]): HTMLElement {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element with an id, which `index.html` has. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element "${id}"`);
  return found;
}

/** From a spec to the bytes of an SVG file: the same spec and theme give the same bytes. */
import { View, parse } from "vega";
import type { FigureSpec } from "./layout/figure.js";
import { type Theme, themes } from "./theme.js";

export interface RenderOptions {
  theme?: Theme;
  /** No paper behind the figure, for pages that have their own. */
  transparent?: boolean;
}

export const renderSvg = async (
  spec: FigureSpec,
  { theme = "light", transparent = false }: RenderOptions = {},
): Promise<string> => {
  const config = themes[theme];
  const view = new View(parse(spec, transparent ? { ...config, background: null } : config), {
    renderer: "none",
  });
  try {
    return accessible(withOwnIds(withoutForbidden(await view.toSVG())), spec);
  } finally {
    view.finalize();
  }
};

/** XML 1.0 has no way to write these, escaped or not; a name with one of them would make the whole file unreadable. */
const withoutForbidden = (svg: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for.
  svg.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd");

/**
 * Vega numbers clip paths over the life of the process. Numbered from 1 in each figure, the bytes do not depend on what
 * was drawn before; with a hash of the figure in front, two figures in one page do not take each other's clip paths.
 */
const withOwnIds = (svg: string): string => {
  const numbers = new Map<string, number>();
  const numbered = svg.replace(/(clip-path="url\(#|<clipPath id=")clip(\d+)/g, (_, before, id) => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
    return `${before}clip${numbers.get(id)}`;
  });
  const prefix = `f${hash(numbered).toString(36)}-`;
  return numbered.replace(/(clip-path="url\(#|<clipPath id=")clip/g, `$1${prefix}clip`);
};

/** FNV-1a, 32 bits. */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
};

const accessible = (svg: string, { usermeta: { title, description } }: FigureSpec): string =>
  svg.replace("<svg ", '<svg role="img" ').replace(
    ">",
    // A function, because "$&" in a user's text would otherwise be taken as a pattern.
    () => `><title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>`,
  );

const escapeXml = (text: string): string =>
  withoutForbidden(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

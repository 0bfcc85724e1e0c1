// qr.js: draws our QR texts. svg(text) is an SVG document as a string; every text of ours is in QR's alphanumeric set but links.
import qrcode from "qrcode-generator";

// quiet is the white border that a scanner needs, in modules (ISO/IEC 18004 §6.3.8).
const quiet = 4;

export function svg(text) {
  const code = qrcode(0, "M");
  code.addData(text, /^[0-9A-Z $%*+\-./:]*$/.test(text) ? "Alphanumeric" : "Byte");
  code.make();
  const n = code.getModuleCount();
  const side = n + 2 * quiet;
  let path = "";
  for (let y = 0; y < n; y++) {
    for (let x = 0; x < n; x++) {
      if (!code.isDark(y, x)) continue;
      let w = 1;
      while (x + w < n && code.isDark(y, x + w)) w++;
      path += `M${x + quiet} ${y + quiet}h${w}v1h-${w}z`;
      x += w;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#000" d="${path}"/></svg>`;
}

// The demo's page: three panes of three origins, and the two gestures by which a hand would carry light from one to another.
const places = await (await fetch('/places')).json();
const frame = (id) => document.getElementById(id);
for (const id of ['front', 'kiosk', 'courier', 'inbox']) frame(id).src = places[id];
frame('reference').href = places.reference;

const origin = (id) => new URL(places[id]).origin;
const say = (text) => { frame('gesture').textContent = text; };

// seenOn asks a pane for the text of the QR code it shows now.
function seenOn(id) {
  return new Promise((resolve) => {
    const done = (text) => { clearTimeout(timer); removeEventListener('message', listen); resolve(text); };
    const listen = (event) => {
      if (event.origin === origin(id) && event.source === frame(id).contentWindow && event.data?.lockstep === 'qr') done(event.data.text || '');
    };
    const timer = setTimeout(() => done(''), 800);
    addEventListener('message', listen);
    frame(id).contentWindow.postMessage({ lockstep: 'qr?' }, origin(id));
  });
}

frame('show').onclick = async () => {
  const text = await seenOn('courier');
  if (!text) return say('The phone shows no code.');
  frame('front').contentWindow.postMessage({ lockstep: 'scan', text }, origin('front'));
  say('Scanned.');
};

frame('point').onclick = async () => {
  const text = await seenOn('kiosk');
  if (!text) return say('The screen shows no code. Touch “I am a courier” there.');
  frame('courier').contentWindow.postMessage({ lockstep: 'seen', text }, origin('courier'));
  say('The phone has seen it.');
};

for (const tab of document.querySelectorAll('.tab')) {
  tab.onclick = () => {
    for (const other of document.querySelectorAll('.tab')) {
      other.setAttribute('aria-pressed', String(other === tab));
      frame(other.dataset.tab).hidden = other !== tab;
    }
  };
}

frame('announce').onsubmit = async (event) => {
  event.preventDefault();
  const out = frame('announced');
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
  const response = await fetch('/announce', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const answer = await response.json();
  if (!response.ok) { out.textContent = answer.detail; return; }
  out.textContent = `parcel ${answer.barcode}: it lies in your hands, before the locker`;
  for (const id of ['tracking', 'label']) { frame(id).href = answer[id]; frame(id).hidden = false; }
};

// words.js: what the page says, in Russian and English.
export const words = {
  en: {
    at: "Your parcel is in the locker", atMany: "Your parcels are in the locker", until: "Until", over: "Was to be collected by",
    code: "Code", parcel: "Parcel", scanMany: "One QR for all: the locker’s screen leads you from door to door", scan: "Or show this to the locker's scanner", how: "At the locker",
    step1: "Type the code on the screen, or show the QR.", step2: "Press the button on the locker.",
    step3: "The door opens: take your parcel.", step4: "Close the door.",
    step1Many: "Show the QR to the scanner, or type one of the codes.", step4Many: "Close the door: the screen goes on with the next parcel.",
    friend: "Anybody you send this page to can collect for you.", friendMany: "Anybody you send this page to can collect all of them for you. One parcel alone: “Give this one away”.",
    send: "Send it to somebody", give: "Give this one away", giveTitle: "For this parcel alone", giveText: "Whoever has this link can take this parcel, and no other of yours. Changed your mind? Ask the shop for a new code: it ends this one.",
    giveShare: "Send", giveCopy: "Copy the link", copied: "Copied", giveClose: "Close", larger: "Larger text",
    private: "The code is in this page's address only. It works without a network once opened, and no server sees it.",
    none: "There is no code here", noneWhy: "Please open the whole link from your message: it is cut off, or was typed by hand.",
    other: "По-русски", locale: "en-GB",
  },
  ru: {
    at: "Посылка в постамате", atMany: "Посылки в постамате", until: "До", over: "Забрать нужно было до",
    code: "Код", parcel: "Посылка", scanMany: "Один QR‑код на всё: экран постамата проведёт вас от дверцы к дверце", scan: "Или покажите это сканеру постамата", how: "У постамата",
    step1: "Наберите код на экране или покажите QR.", step2: "Нажмите кнопку на постамате.",
    step3: "Дверца откроется: заберите посылку.", step4: "Закройте дверцу.",
    step1Many: "Покажите QR сканеру или наберите один из кодов.", step4Many: "Закройте дверцу: экран перейдёт к следующей посылке.",
    friend: "Посылку может забрать любой, кому вы отправите эту страницу.", friendMany: "Все посылки может забрать любой, кому вы отправите эту страницу. Только одну — кнопкой «Передать эту».",
    send: "Передать другому", give: "Передать эту", giveTitle: "Только эта посылка", giveText: "Тот, у кого есть эта ссылка, может забрать эту посылку, но не другие. Передумали? Попросите у магазина новый код: этот перестанет действовать.",
    giveShare: "Отправить", giveCopy: "Скопировать ссылку", copied: "Скопировано", giveClose: "Закрыть", larger: "Крупнее",
    private: "Код есть только в адресе этой страницы. Открытая однажды, она работает без сети; сервер кода не видит.",
    none: "Здесь нет кода", noneWhy: "Откройте ссылку из сообщения целиком: она обрезана или набрана вручную.",
    other: "In English", locale: "ru-RU",
  },
};

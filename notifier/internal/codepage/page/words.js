// words.js: what the page says, in Russian and English.
export const words = {
  en: {
    at: "Your parcel is in the locker", atMany: "Your parcels are in the locker", until: "Until", over: "Was to be collected by",
    code: "Code", scan: "Or show this to the locker's scanner", how: "At the locker",
    step1: "Type the code on the screen, or show the QR.", step2: "Press the button on the locker.",
    step3: "The door opens: take your parcel.", step4: "Close the door.",
    friend: "Anybody you send this page to can collect for you.", larger: "Larger text",
    private: "The code is in this page's address only. It works without a network once opened, and no server sees it.",
    none: "There is no code here", noneWhy: "Please open the whole link from your message: it is cut off, or was typed by hand.",
    other: "По-русски", locale: "en-GB",
  },
  ru: {
    at: "Посылка в постамате", atMany: "Посылки в постамате", until: "До", over: "Забрать нужно было до",
    code: "Код", scan: "Или покажите это сканеру постамата", how: "У постамата",
    step1: "Наберите код на экране или покажите QR.", step2: "Нажмите кнопку на постамате.",
    step3: "Дверца откроется: заберите посылку.", step4: "Закройте дверцу.",
    friend: "Посылку может забрать любой, кому вы отправите эту страницу.", larger: "Крупнее",
    private: "Код есть только в адресе этой страницы. Открытая однажды, она работает без сети; сервер кода не видит.",
    none: "Здесь нет кода", noneWhy: "Откройте ссылку из сообщения целиком: она обрезана или набрана вручную.",
    other: "In English", locale: "ru-RU",
  },
};

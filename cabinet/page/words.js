// The page's words in both languages.
export const words = {
  en: {
    other: "Русский", hands: "In your hands", pickUp: "Pick up", barcode: "Parcel's barcode", empty: "Nothing. Pick up a parcel by its barcode.",
    press: "Press", armed: "Armed: the next pulse opens", idle: "Press the button when the screen asks for it.",
    open: "Put in (+) or take out, then click the door to close it.", putAway: "put away", putHere: "put here",
    close: "close", take: "take", compartment: "Compartment", break: "Break something", apply: "Break", mend: "mend", lost: "The cabinet has gone. Waiting for it …",
    presses: "presses", pulses: "pulses", refused: "refused", exposed: "exposed", twoOpen: "two open",
    faults: { "jam": "latch jams", "stuck open": "switch stuck open", "stuck closed": "switch stuck closed", "flapping": "switch flaps", "force": "crowbar" },
  },
  ru: {
    other: "English", hands: "У вас в руках", pickUp: "Взять", barcode: "Штрихкод посылки", empty: "Пусто. Возьмите посылку по штрихкоду.",
    press: "Нажать", armed: "Взведено: следующий импульс откроет", idle: "Нажмите кнопку, когда экран попросит.",
    open: "Положите (+) или заберите и щёлкните по дверце.", putAway: "убрать", putHere: "положить",
    close: "закрыть", take: "забрать", compartment: "Ячейка", break: "Сломать что-нибудь", apply: "Сломать", mend: "починить", lost: "Шкаф пропал. Ждём его …",
    presses: "нажатий", pulses: "импульсов", refused: "отказано", exposed: "чужих открыто", twoOpen: "две открыты",
    faults: { "jam": "замок заклинило", "stuck open": "датчик залип: открыто", "stuck closed": "датчик залип: закрыто", "flapping": "датчик дребезжит", "force": "взломать ломом" },
  },
};

package pickpoint

import (
	"context"

	"lockstep/internal/fault"
)

// The codes of failures that clients know.
const (
	codeUnexpected = -1
	codeNoSession  = -2014 // clients of 2020 and later sign in again on exactly this
	codeWrongLogin = 10
	codeBadRequest = 20
	codeNoData     = 21
	codeNoSending  = 25
	codeContract   = 30
	codeLater      = 100
)

// failure says how a request went. Some clients read one of its texts, some the other.
type failure struct {
	ErrorCode    int
	ErrorMessage any // text, or null where all is well
	Error        any
}

// codes are those of our rooms' failures, where their kind does not say enough.
var codes = map[string]int{"no_session": codeNoSession, "wrong_login": codeWrongLogin, "unknown_shipment": codeNoSending, "unknown_parcel": codeNoSending, "unknown_act": codeNoData, "unknown_pickup": codeNoData, "in_no_act": codeNoData,
	"wrong_contract": codeContract}

// kinds are the codes of the others.
var kinds = map[fault.Kind]int{fault.Internal: codeUnexpected, fault.Invalid: codeBadRequest, fault.Denied: codeBadRequest, fault.NotFound: codeNoData,
	fault.Conflict: codeUnexpected, fault.Paused: codeLater, fault.Unavailable: codeLater}

// russian are the texts that people will see.
var russian = map[string]string{
	"no_session":        "Сессия не найдена или её время истекло",
	"wrong_login":       "Неверный логин или пароль",
	"too_large":         "Запрос слишком велик",
	"malformed":         "Запрос не является объектом JSON",
	"too_many_sign_ins": "Слишком много попыток входа, повторите позже",
	"too_many_requests": "Слишком много запросов, повторите позже",
	"internal":          "Непредвиденная ошибка",

	"no_sendings":          "Не указаны отправления",
	"too_many_sendings":    "Слишком много отправлений в одном запросе",
	"wrong_contract":       "Неверный номер контракта (ИКН)",
	"needs_sendercode":     "Не указан номер заказа (SenderCode) или он длиннее 50 символов",
	"needs_recipientname":  "Не указано имя получателя (RecipientName) или оно длиннее 150 символов",
	"needs_postamatnumber": "Не указан номер постамата (PostamatNumber)",
	"needs_mobilephone":    "Не указан телефон получателя (MobilePhone)",
	"needs_postindex":      "Не указан почтовый индекс (PostIndex)",
	"needs_number":         "Не указан номер отправления",
	"no_payments":          "Оплата при получении не подключена",
	"invalid_name":         "Неверное имя получателя",
	"invalid_phone":        "Неверный номер телефона получателя",
	"invalid_email":        "Неверный адрес электронной почты получателя",
	"invalid_weight":       "Неверный вес места",
	"invalid_place":        "Неверные размеры места",
	"invalid_parcels":      "Неверное число мест",
	"does_not_fit":         "Место не помещается ни в одну ячейку",
	"unknown_locker":       "Нет постамата с таким номером",
	"needs_period":         "Неверный период: нужны DateFrom и DateTo (для актов DateEnd), не более 31 дня",
	"too_much":             "Слишком много изменений за период, сократите его",
	"unknown_city":         "Город не найден",
	"no_lane":              "В этот пункт доставка не осуществляется",
	"no_price":             "Для такого отправления тариф не найден",
	"locker_full":          "В постамате нет свободной ячейки такого размера",
	"locker_not_ready":     "Постамат не работает",
	"contact_key_in_use":   "Контакты этого клиента запечатывает его собственное программное обеспечение",
	"range_exhausted":      "Номера отправлений исчерпаны",
	"unknown_shipment":     "Отправление не найдено",
	"unknown_parcel":       "Отправление не найдено",
	"unknown_act":          "Реестр не найден",
	"unknown_return_act":   "Акт не найден",
	"unknown_money_act":    "Акт не найден",
	"not_collected":        "Вернуть можно только полученное отправление",
	"no_post":              "Почтовые возвраты не принимаются: укажите возвращаемое отправление (InvoiceNumber) или постамат (PostamatNumber)",
	"return_permit":        "Постамат возврата не меняется: для него выдан код",
	"in_no_act":            "Отправление не входит в реестр",
	"accepted":             "Реестр уже принят перевозчиком",
	"no_label":             "Этикетку можно напечатать, пока отправление не принято",
	"unknown_pickup":       "Вызов курьера не найден",
	"pickup_too_late":      "Вызов курьера уже нельзя отменить",
	"needs_city":           "Не указан город (City или City_id)",
	"invalid_address":      "Не указан адрес (Address) или он длиннее 300 символов",
	"invalid_person":       "Не указано контактное лицо (FIO) или оно длиннее 100 символов",
	"invalid_person_phone": "Не указан телефон контактного лица (Phone)",
	"invalid_day":          "Неверная дата (Date): нужна дата вида 2026.11.30",
	"day_over":             "Дата вызова курьера уже прошла",
	"too_far":              "Курьера можно вызвать не более чем за 60 дней",
	"too_late_today":       "На сегодня курьера уже не вызвать: в Москве и области до 10:30, в других городах до 14:00",
	"invalid_window":       "Курьер приезжает с 9:00 до 18:00 (540–1080), интервал не менее 4 часов",
	"invalid_places":       "Неверное число мест (Number)",
	"invalid_comment":      "Комментарий длиннее 500 символов",
	"invalid_reference":    "Номер заказа длиннее 100 символов",
	"not_registered":       "Отменить можно только зарегистрированное отправление",
	"too_late":             "Отправление уже нельзя отменить",
}

// general are the texts where nothing more particular is said.
var general = map[fault.Kind]string{fault.Invalid: "Неверные данные запроса", fault.Denied: "Нет доступа", fault.NotFound: "Не найдено", fault.Conflict: "Сейчас это невозможно",
	fault.Paused: "Временно приостановлено, повторите позже", fault.Unavailable: "Временно недоступно, повторите позже"}

// failure turns a room's failure into an answer. What strangers do not see is logged here, once.
func (d *door) failure(ctx context.Context, err error) failure {
	kind := fault.KindOf(err)
	if kind == fault.Internal && ctx.Err() == nil {
		d.Log.Error("a request failed", "err", err)
	}
	code, text := fault.Public(err)
	if translated, ok := russian[code]; ok {
		text = translated
	} else if code != "" { // without one the text is this door's own
		text = general[kind]
	}
	number, ok := codes[code]
	if !ok {
		number = kinds[kind]
	}
	return failure{number, text, text}
}

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
var codes = map[string]int{"no_session": codeNoSession, "wrong_login": codeWrongLogin, "unknown_shipment": codeNoSending, "unknown_parcel": codeNoSending,
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
	"internal":          "Непредвиденная ошибка",
}

// failure turns a room's failure into an answer. What strangers do not see is logged here, once.
func (d *door) failure(ctx context.Context, err error) failure {
	kind := fault.KindOf(err)
	if kind == fault.Internal && ctx.Err() == nil {
		d.Log.Error("a request failed", "err", err)
	}
	code, text := fault.Public(err)
	if translated, ok := russian[code]; ok {
		text = translated
	}
	number, ok := codes[code]
	if !ok {
		number = kinds[kind]
	}
	return failure{number, text, text}
}

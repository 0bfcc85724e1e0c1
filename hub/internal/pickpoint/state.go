package pickpoint

import (
	"context"
	"time"
)

// moscow is the time zone that every time in the API is meant in.
var moscow = time.FixedZone("MSK", 3*60*60)

// dateTime is how a time is written: both PHP and people read it, and it sorts.
const dateTime = "2006-01-02T15:04:05.000-07:00"

// state is where a sending stands, in PickPoint's words. The Russian texts are part of the protocol: clients compare them.
type state int

const (
	registered state = 101
	listed     state = 102 // in a registry of what the carrier will collect or the shop bring
	selfDrive  state = 103 // in a registry of what the shop puts in itself
	formed     state = 104
	accepted   state = 105
	stock      state = 106
	routed     state = 107
	underWay   state = 108 // a courier has it
	delivered  state = 109
	collected  state = 111
	unclaimed  state = 112
	returned   state = 113
	refused    state = 114
	returning  state = 115
	handedBack state = 116
	merged     state = 123
	cancelled  state = 124
	annulled   state = 128
	returnIn   state = 129
)

// states is the dictionary, the first of life first.
var states = []struct {
	State     state
	StateText string
}{
	{registered, "Зарегистрирован"}, {listed, "Сформирован для передачи Логисту"}, {selfDrive, "Развоз до ПТ самостоятельно"}, {formed, "Сформирован для отправки"},
	{accepted, "Принят Логистом"}, {stock, "На кладовке Логиста"}, {routed, "Выдан на маршрут"}, {underWay, "Выдано курьеру"}, {delivered, "Доставлено в ПТ"},
	{collected, "Получен"}, {unclaimed, "Невостребованное"}, {returned, "Возвращено Клиенту"}, {refused, "Отказ"}, {returning, "Сформирован возврат"},
	{handedBack, "Передано на возврат"}, {merged, "Сконсолидировано"}, {cancelled, "Отмена"}, {annulled, "Аннулирован"}, {returnIn, "Возврат доставлен в ПТ"},
}

func (s state) String() string {
	for _, row := range states {
		if row.State == s {
			return row.StateText
		}
	}
	return ""
}

// visual is one of the finer pictures of a state that newer clients ask for; we have one for each state.
type visual struct {
	ID   int
	Text string
}

func (d *door) states(context.Context, *call) (any, error) {
	type row struct {
		State        state
		StateText    string
		VisualStates []visual
	}
	var list []row
	for _, s := range states {
		list = append(list, row{s.State, s.StateText, []visual{{int(s.State)*100 + 1, s.StateText}}})
	}
	return list, nil
}

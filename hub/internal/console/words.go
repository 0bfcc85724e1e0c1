package console

import (
	"fmt"
	"time"

	"lockstep/parcel"
)

// trackWords is everything the tracking page says, in one language.
type trackWords struct {
	Title, Parcel, Where, Timeline, Due, Heard, Never, Unknown, UnknownText, Other, OtherCode, Footer string
	JustNow, Minutes, Hours, Days                                                                     string
	Months                                                                                            [12]string
	Steps                                                                                             map[parcel.State]string
	States, StateTexts                                                                                map[parcel.State]string
	Returns                                                                                           map[parcel.State]string // texts for what a customer sends back, where they differ
	Onward                                                                                            map[parcel.State]string // likewise for what a customer sends to another locker, until it is out of the first
	Facts                                                                                             map[parcel.Fact]string
	Proofs                                                                                            map[parcel.Proof]string
}

// clock is a time on the locker's wall.
func (w trackWords) clock(micros int64, zone *time.Location) string {
	t := time.UnixMicro(micros).In(zone)
	return fmt.Sprintf("%d %s, %s", t.Day(), w.Months[t.Month()-1], t.Format("15:04"))
}

func (w trackWords) age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return w.JustNow
	case d < time.Hour:
		return fmt.Sprintf(w.Minutes, int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf(w.Hours, int(d.Hours()))
	}
	return fmt.Sprintf(w.Days, int(d.Hours()/24))
}

var trackTexts = map[string]trackWords{
	"ru": {
		Title: "Где посылка", Parcel: "Посылка", Where: "Постамат", Timeline: "Что с ней было", Due: "Хранится до",
		Heard: "Постамат был на связи", Never: "Постамат ещё не выходил на связь",
		Unknown: "Такой посылки мы не знаем", UnknownText: "Проверьте ссылку: её присылают в сообщении целиком. Посылки, которых давно нет, мы тоже не показываем.",
		Other: "English", OtherCode: "en",
		Footer:  "Записи постамата подписаны им самим и связаны в цепочку: их нельзя подделать задним числом. Кода здесь нет — он только в вашем сообщении.",
		JustNow: "только что", Minutes: "%d мин назад", Hours: "%d ч назад", Days: "%d дн. назад",
		Months: [12]string{"января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"},
		Steps:  map[parcel.State]string{parcel.Announced: "Оформлена", parcel.Dispatched: "В пути", parcel.Stored: "В постамате", parcel.Collected: "Получена"},
		States: map[parcel.State]string{
			parcel.Announced: "Посылка оформлена", parcel.Dispatched: "Посылка в пути", parcel.Stored: "Посылка ждёт в постамате",
			parcel.Overdue: "Срок хранения вышел", parcel.Uncertain: "Проверяем ячейку", parcel.Collected: "Посылка получена",
			parcel.Withdrawn: "Посылка едет обратно", parcel.Recovered: "Посылка у техника", parcel.Returned: "Посылка вернулась отправителю", parcel.Cancelled: "Отправка отменена",
		},
		StateTexts: map[parcel.State]string{
			parcel.Announced: "Отправитель сообщил о ней. Когда курьер положит её в постамат, придёт сообщение с кодом.", parcel.Dispatched: "Постамат её ждёт. Когда курьер положит её, придёт сообщение с кодом.",
			parcel.Stored: "Код — в вашем сообщении. Его можно ввести или показать сканеру в любое время суток.", parcel.Overdue: "Код ещё действует, но курьер может забрать посылку в любой день. Поторопитесь, пожалуйста.",
			parcel.Uncertain: "Не ясно, что в ячейке. Курьер должен посмотреть; после этого всё станет известно.", parcel.Collected: "Её забрали по коду.",
			parcel.Withdrawn: "Её никто не забрал в срок, и перевозчик везёт её отправителю.", parcel.Recovered: "Постамат открыли люди, и посылку вынули. Куда она поедет, скажет отправитель.", parcel.Returned: "О деньгах и новой отправке спросите отправителя.", parcel.Cancelled: "Отправитель отменил её. В постамат её не положат.",
		},
		Returns: map[parcel.State]string{
			parcel.Announced: "Постамат ещё не знает о возврате. Когда узнает, код из магазина откроет пустую ячейку.", parcel.Dispatched: "Введите код из магазина на экране постамата: откроется пустая ячейка.",
			parcel.Stored: "Возврат в постамате. Перевозчик заберёт его и отвезёт в магазин.", parcel.Withdrawn: "Перевозчик забрал возврат и везёт его в магазин.",
			parcel.Cancelled: "Магазин отменил возврат, или его так и не принесли.", parcel.Returned: "Возврат в магазине.",
		},
		Onward: map[parcel.State]string{
			parcel.Announced: "Постамат ещё не ждёт эту посылку. Когда будет ждать, код отправителя откроет пустую ячейку.", parcel.Dispatched: "Отправитель введёт свой код на экране постамата и положит посылку в пустую ячейку.",
			parcel.Stored: "Отправитель положил её в постамат. Перевозчик заберёт её и отвезёт в постамат получателя.", parcel.Withdrawn: "Перевозчик забрал её и везёт в постамат получателя.",
		},
		Facts: map[parcel.Fact]string{
			parcel.WasAnnounced: "Отправитель сообщил о посылке", parcel.WasRedirected: "Посылка пойдёт в другой постамат", parcel.WasDispatched: "Постамат ждёт посылку", parcel.WasStored: "Положена в постамат", parcel.DepositFailed: "Положить не удалось, посылка у курьера",
			parcel.DepositUncertain: "Не ясно, положена ли", parcel.CollectFailed: "Дверца не открылась, посылка на месте", parcel.WasCollected: "Получена", parcel.BecameOverdue: "Срок хранения вышел",
			parcel.WasWithdrawn: "Курьер забрал её обратно", parcel.WithdrawFailed: "Забрать не удалось, посылка на месте", parcel.WasQuarantined: "Ячейка отложена до осмотра", parcel.WasTakenOut: "Курьер вынул её при осмотре",
			parcel.WasExtended: "Срок хранения продлён", parcel.WasReissued: "Выдан новый код, старый больше не действует", parcel.WasDeclined: "Получатель отказался от неё", parcel.WasPaid: "Оплачено", parcel.WasOverridden: "Ячейку открыли двое операторов и техник, посылку вынули",
			parcel.OverrideFailed: "Ячейку открывали операторы, посылка на месте", parcel.WasRecovered: "Техник вынул её и отсканировал", parcel.WasLost: "Постамат заменён, посылку ищут",
			parcel.WasReturned: "Отправитель получил её обратно", parcel.WasCancelled: "Отправитель отменил", parcel.Lapsed: "Так и не была отправлена",
		},
		Proofs: map[parcel.Proof]string{parcel.Record: "записано постаматом", parcel.Scan: "подписано при сканировании", parcel.Claim: "со слов участника"},
	},
	"en": {
		Title: "Where is it", Parcel: "Parcel", Where: "Locker", Timeline: "What happened", Due: "Waits until",
		Heard: "The locker was heard", Never: "The locker has not been heard yet",
		Unknown: "We know no such parcel", UnknownText: "Check the link: your message holds all of it. Parcels of long ago are not shown either.",
		Other: "Русский", OtherCode: "ru",
		Footer:  "A locker signs its own records and chains them: nobody can forge them later. There is no code here; it is in your message only.",
		JustNow: "just now", Minutes: "%d min ago", Hours: "%d h ago", Days: "%d days ago",
		Months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		Steps:  map[parcel.State]string{parcel.Announced: "Announced", parcel.Dispatched: "On its way", parcel.Stored: "In the locker", parcel.Collected: "Collected"},
		States: map[parcel.State]string{
			parcel.Announced: "Your parcel is announced", parcel.Dispatched: "Your parcel is on its way", parcel.Stored: "Your parcel waits in the locker",
			parcel.Overdue: "Its time has passed", parcel.Uncertain: "A compartment is being checked", parcel.Collected: "Your parcel was collected",
			parcel.Withdrawn: "Your parcel is going back", parcel.Recovered: "A technician has your parcel", parcel.Returned: "The sender has it again", parcel.Cancelled: "The sending was cancelled",
		},
		StateTexts: map[parcel.State]string{
			parcel.Announced: "The sender has told us about it. You get a message with a code once a courier has put it into the locker.", parcel.Dispatched: "The locker expects it. You get a message with a code once a courier has put it in.",
			parcel.Stored: "The code is in your message. Type it or show it to the scanner, at any hour.", parcel.Overdue: "The code still works, but a courier may take the parcel back any day. Please hurry.",
			parcel.Uncertain: "It is not clear what is in the compartment. A courier has to look; then we know.", parcel.Collected: "It was taken out with its code.",
			parcel.Withdrawn: "Nobody collected it in time, and the carrier brings it back to the sender.", parcel.Recovered: "Persons opened the locker and took it out. The sender says where it goes.", parcel.Returned: "Ask the sender about money or another try.", parcel.Cancelled: "The sender cancelled it. It will not be put into the locker.",
		},
		Returns: map[parcel.State]string{
			parcel.Announced: "The locker has not heard of this return yet. Once it has, the code from the shop opens an empty compartment.", parcel.Dispatched: "Type the code from the shop on the locker's screen: an empty compartment opens.",
			parcel.Stored: "The return is in the locker. A courier takes it to the shop.", parcel.Withdrawn: "A courier has the return and takes it to the shop.",
			parcel.Cancelled: "The shop gave the return up, or nobody brought it.", parcel.Returned: "The shop has the return.",
		},
		Onward: map[parcel.State]string{
			parcel.Announced: "The locker does not expect it yet. Once it does, the sender's code opens an empty compartment.", parcel.Dispatched: "The sender types their code on the locker's screen and puts it into an empty compartment.",
			parcel.Stored: "The sender has put it into a locker. A courier takes it on to the recipient's locker.", parcel.Withdrawn: "A courier has it and takes it on to the recipient's locker.",
		},
		Facts: map[parcel.Fact]string{
			parcel.WasAnnounced: "The sender told us about it", parcel.WasRedirected: "It goes to another locker", parcel.WasDispatched: "The locker expects it", parcel.WasStored: "Put into the locker", parcel.DepositFailed: "Could not be put in; the courier has it",
			parcel.DepositUncertain: "Not clear whether it was put in", parcel.CollectFailed: "The door did not open; the parcel is still there", parcel.WasCollected: "Collected", parcel.BecameOverdue: "Its time has passed",
			parcel.WasWithdrawn: "A courier took it back", parcel.WithdrawFailed: "Could not be taken back; it is still there", parcel.WasQuarantined: "The compartment is set aside until somebody looks", parcel.WasTakenOut: "A courier took it out when looking",
			parcel.WasExtended: "May wait longer", parcel.WasReissued: "A new code was made; the old one is dead", parcel.WasDeclined: "Declined by its recipient", parcel.WasPaid: "Paid", parcel.WasOverridden: "Two operators and a technician opened the compartment and took it out",
			parcel.OverrideFailed: "Operators opened the compartment; it is still there", parcel.WasRecovered: "A technician took it out and scanned it", parcel.WasLost: "The locker was replaced; the parcel is being looked for",
			parcel.WasReturned: "The sender has it again", parcel.WasCancelled: "Cancelled by the sender", parcel.Lapsed: "Never sent",
		},
		Proofs: map[parcel.Proof]string{parcel.Record: "recorded by the locker", parcel.Scan: "signed when scanned", parcel.Claim: "somebody’s word"},
	},
}

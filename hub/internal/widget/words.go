package widget

import (
	"net/http"

	"golang.org/x/text/language"
)

// texts is everything the page says, in one language. {…} is filled in by the page.
type texts struct {
	Title, Close                                                                                                 string
	Search, SearchHint, Clear, City, AllCities, Filters, OpenNow, AlwaysOpen, AlwaysShort, WithRoom              string
	NearMe, Nearest, NotFoundYou, Views, List, Map, MapLabel, Lockers, Count, CountHere                          string
	Loading, Failed, Again, Nothing, NothingHere, Everywhere, DropFilters, NoneAllowed                           string
	Open, OpenUntil, Closed, OpensAt, RoundTheClock, Daily, DayOff, Break, Hours, Indoors, Outdoors, Way, Inside string
	Room, RoomFree, RoomLittle, RoomNone, Suspended, Choose, Chosen, ChooseOther, Back, Selected                 string
	Delivery, Days, DaySpan                                                                                      string
	Metres, Kilometres, ZoomIn, ZoomOut, Cluster, WithoutTiles                                                   string
	Week                                                                                                         [7]string
}

// selection is the page as it is drawn.
type selection struct {
	Language string
	Words    texts
	Tiles    Tiles
	Map      bool // the map's library was built in
}

var languages = language.NewMatcher([]language.Tag{language.Russian, language.English})

// reader is the language of the page: the one that the shop asks for, or what the browser does.
func reader(r *http.Request) string {
	if chosen := r.URL.Query().Get("lang"); chosen == "ru" || chosen == "en" {
		return chosen
	}
	asked, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if _, i, _ := languages.Match(asked...); i == 1 {
		return "en"
	}
	return "ru"
}

var words = map[string]texts{
	"ru": {
		Title: "Выберите постамат", Close: "Закрыть",
		Search: "Поиск", SearchHint: "Улица, метро, индекс или номер", Clear: "Очистить", City: "Город", AllCities: "Все города", Filters: "Показывать только",
		OpenNow: "Открыт сейчас", AlwaysOpen: "Круглосуточно", AlwaysShort: "24 часа", WithRoom: "Есть место",
		NearMe: "Рядом со мной", Nearest: "Сначала ближайшие", NotFoundYou: "Не удалось узнать, где вы. Найдите постамат по улице или метро.",
		Views: "Вид", List: "Список", Map: "Карта", MapLabel: "Карта постаматов. Все они есть и в списке.", Lockers: "Постаматы", Count: "Постаматов: {n}", CountHere: "{city}: {n}",
		Loading: "Загружаем постаматы…", Failed: "Список постаматов не загрузился.", Again: "Попробовать ещё раз",
		Nothing: "Ничего не нашлось", NothingHere: "В городе {city} ничего не нашлось", Everywhere: "Искать во всех городах", DropFilters: "Снять все условия", NoneAllowed: "Подходящих постаматов пока нет.",
		Open: "Открыто", OpenUntil: "Открыто до {time}", Closed: "Закрыто", OpensAt: "Закрыто до {time}", RoundTheClock: "круглосуточно", Daily: "ежедневно {hours}", DayOff: "выходной", Break: "перерыв {hours}",
		Hours: "Часы работы", Indoors: "В помещении", Outdoors: "На улице", Way: "Как найти", Inside: "Где стоит",
		Room: "Свободно ячеек", RoomFree: "Есть место", RoomLittle: "Мест почти нет", RoomNone: "Сейчас мест нет", Suspended: "Временно не принимает",
		Choose: "Выбрать этот постамат", Chosen: "Постамат выбран", ChooseOther: "Выберите другой", Back: "Назад к списку", Selected: "Выбран",
		Delivery: "Доставка", Days: "{n} дн.", DaySpan: "{from}–{to} дн.",
		Metres: "{n} м", Kilometres: "{n} км", ZoomIn: "Приблизить", ZoomOut: "Отдалить", Cluster: "Постаматов: {n}. Нажмите, чтобы приблизить", WithoutTiles: "Пятна — 10 минут пешком",
		Week: [7]string{"пн", "вт", "ср", "чт", "пт", "сб", "вс"},
	},
	"en": {
		Title: "Choose a locker", Close: "Close",
		Search: "Search", SearchHint: "Street, metro, post code or number", Clear: "Clear", City: "City", AllCities: "All cities", Filters: "Show only",
		OpenNow: "Open now", AlwaysOpen: "Round the clock", AlwaysShort: "24 hours", WithRoom: "Has room",
		NearMe: "Near me", Nearest: "Nearest first", NotFoundYou: "We could not find out where you are. Search by street or metro.",
		Views: "View", List: "List", Map: "Map", MapLabel: "Map of lockers. All of them are in the list, too.", Lockers: "Lockers", Count: "Lockers: {n}", CountHere: "{city}: {n}",
		Loading: "Loading lockers…", Failed: "The list of lockers did not load.", Again: "Try again",
		Nothing: "Nothing found", NothingHere: "Nothing found in {city}", Everywhere: "Search in all cities", DropFilters: "Drop all filters", NoneAllowed: "There are no suitable lockers yet.",
		Open: "Open", OpenUntil: "Open until {time}", Closed: "Closed", OpensAt: "Closed until {time}", RoundTheClock: "round the clock", Daily: "daily {hours}", DayOff: "closed", Break: "break {hours}",
		Hours: "Hours", Indoors: "Indoors", Outdoors: "In the street", Way: "How to find it", Inside: "Where it stands",
		Room: "Free compartments", RoomFree: "Has room", RoomLittle: "Almost full", RoomNone: "No room now", Suspended: "Out of service for now",
		Choose: "Choose this locker", Chosen: "Locker chosen", ChooseOther: "Choose another one", Back: "Back to the list", Selected: "Chosen",
		Delivery: "Delivery", Days: "{n} days", DaySpan: "{from}–{to} days",
		Metres: "{n} m", Kilometres: "{n} km", ZoomIn: "Zoom in", ZoomOut: "Zoom out", Cluster: "Lockers: {n}. Press to zoom in", WithoutTiles: "Shaded: 10 minutes on foot",
		Week: [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
	},
}

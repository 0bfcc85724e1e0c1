package pickpoint_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"
)

// shapes are what methods and the objects within them take: "Key:kind". A kind is another shape, or one of grammar.right's; with [] an
// array of it.
var shapes = map[string]string{
	"login":          "Login:username Password:secret",
	"logout":         "SessionId:session",
	"authentication": "Login:username Password:secret Ikn:ikn",
	"getstates":      "SessionId:session",

	"postamatlist":          "SessionId:session",
	"citylist":              "SessionId:session",
	"postindexpostamatlist": "SessionId:session PostIndex:index",
	"clientpostamatlist":    "SessionId:session IKN:ikn",

	"getzone": "SessionId:session IKN:ikn FromCity:city FromRegion:region ToPT:locker",
	"calctariff": "SessionId:session IKN:ikn InvoiceNumber:number FromCity:city FromRegion:region PTNumber:locker ToCity:city ToRegion:region GettingType:getting EncloseCount:count " +
		"Length:cm Depth:cm Width:cm Weight:kg",
	"calctariffcms":   "SessionId:session FromCity:city PtNumber:locker EncloseCount:count Length:cm Depth:cm Width:cm Weight:kg",
	"getdeliverycost": "SessionId:session Sendings:named[]",

	"createsending":  "SessionId:session Source:count Sendings:sending[]",
	"createshipment": "SessionId:session IKN:ikn Sendings:sending[]",
	"createreturn":   "SessionId:session Sendings:returned[]",
	"makereturn":     "SessionId:session InvoiceNumber:number GCInvoiceNumber:reference",
	"updateinvoice": "SessionId:session InvoiceNumber:number GCInvoiceNumber:reference BarCode:barcode PostamatNumber:locker Phone:phone RecipientName:text Email:email PostageType:postage " +
		"Sum:money SubEncloses:inside[]",
	"cancelinvoice": "SessionId:session IKN:ikn InvoiceNumber:number GCInvoiceNumber:reference SenderInvoiceNumber:reference",
	"rejectinvoice": "SessionId:session IKN:ikn InvoiceNumber:number SenderInvoiceNumber:reference",
	"encloseinfo":   "SessionId:session BarCode:barcode",
	"tracksending":  "SessionId:session InvoiceNumber:number SenderInvoiceNumber:reference",
	"tracksendings": "SessionId:session Invoices:number[]",
	"sendinginfo":   "SessionId:session InvoiceNumber:number SenderInvoiceNumber:reference",

	"getinvoiceschangestate": "SessionId:session DateFrom:since DateTo:until State:state PostageType:postage",
	"invoiceschanging":       "SessionId:session DateFrom:since DateTo:until",
	"getreturninvoiceslist":  "SessionId:session DateFrom:since DateTo:until DatetTo:until",
	"getreturn":              "SessionId:session Invoices:number[]",
	"getproductreturnorder":  "SessionId:session IKN:ikn DocumentNumber:act DateFrom:since DateEnd:until",
	"getmoneyreturnorder":    "SessionId:session IKN:ikn DocumentNumber:act DateFrom:since DateEnd:until",

	"makelabel":               "SessionId:session Invoices:number[]",
	"makezlabel":              "SessionId:session Invoices:number[]",
	"makereestr":              "SessionId:session CityName:city RegionName:region DeliveryPoint:locker ReestrNumber:text Invoices:number[]",
	"makereestrnumber":        "SessionId:session CityName:city RegionName:region DeliveryPoint:locker ReestrNumber:text Invoices:number[]",
	"getreestr":               "SessionId:session InvoiceNumber:number ReestrNumber:act",
	"getreestrnumber":         "SessionId:session InvoiceNumber:number reestrNumber:act",
	"removeinvoicefromreestr": "SessionId:session IKN:ikn InvoiceNumber:number SenderCode:reference",
	"courier": "SessionId:session IKN:ikn SenderCode:text City:city City_id:cityid City_owner_id:count Address:text FIO:text Phone:phone Date:day TimeStart:early TimeEnd:late " +
		"Number:count Weight:kg Comment:text",
	"couriercancel": "SessionId:session OrderNumber:order",

	"sending": "EDTN:text IKN:ikn ClientNumber:text ClientName:text TittleRus:text Invoice:invoice SenderCode:reference ClientReturnAddress:address SubEncloses:inside[] Places:place[]",
	"invoice": "SenderCode:reference Description:text RecipientName:text PostamatNumber:locker MobilePhone:phone Email:email ConsultantNumber:text PostageType:postage GettingType:getting PayType:count " +
		"Sum:money PrepaymentSum:money InsuareValue:money DeliveryFee:money DeliveryVat:count DeliveryMode:count SenderCity:from ClientReturnAddress:address UnclaimedReturnAddress:address " +
		"Places:place[] GCBarCode:reference Width:cm Height:cm Depth:cm Weight:kg SuBEncloses:inside[]",
	"returned": "EDTN:text IKN:ikn Invoice:back Places:place[]",
	"back":     "SenderCode:reference AccessCode:text Description:text RecipientName:text InvoiceNumber:number PostamatNumber:locker MobilePhone:phone Email:email Sum:money Places:place[] Width:cm Height:cm Depth:cm",
	"place":    "BarCode:barcode GCBarCode:reference GSBarCode:reference Width:cm Height:cm Depth:cm Weight:kg CellStorageType:count SubEncloses:inside[]",
	"inside":   "Line:count ProductCode:text GoodsCode:text Name:text Price:money Quantity:count Vat:count Upi:text",
	"address":  "CityName:city RegionName:region Address:text FIO:text PostCode:index Organisation:text PhoneNumber:phone Comment:text",
	"from":     "CityName:city RegionName:region",
	"named":    "InvoiceNumber:number SenderInvoiceNumber:reference",
}

// known are what a shop's software knows.
type known struct {
	session, login, contract, locker        string
	numbers, barcodes, references, document []string
	fresh                                   []string // numbers of what requests have made lately

	// seen is what others have seen of it somewhere: of each sending the numbers or the reference. What they have not seen no answer may
	// tell them.
	seen  *known
	never []string
}

// grammar writes requests: most of what stands in them is right, each of them is wrong in some way that real or malicious clients are.
type grammar struct {
	*rand.Rand
	own, other *known
	now        time.Time
	keeps      bool // what a shop calls things is kept under its session, which then has to be its own
	wild       int  // how many of a hundred values are wrong; 0: all are as they should be
}

func (g *grammar) often(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *grammar, list ...T) T { return list[g.IntN(len(list))] }

// request is a method as clients may write it, and a body.
func (g *grammar) request(method string) (path, body string) {
	path = pick(g, "/api/", "/api//", "/apitest/", "/API/", "//api///") + method
	switch g.IntN(12) {
	case 0:
		path = pick(g, "/api/", "/apitest//") + strings.ToUpper(method)
	case 1:
		path += pick(g, "/", "//", "?0=SessionId%3D1", "?SessionId="+g.own.session, "/?%00")
	}
	g.wild, g.keeps = pick(g, 0, 0, 3, 20), strings.HasPrefix(method, "create") || method == "courier"
	body = g.object(method)
	if g.wild == 0 {
		return path, body
	}
	switch g.IntN(60) {
	case 0:
		return path, "\xEF\xBB\xBF" + body
	case 1:
		old, err := charmap.Windows1251.NewEncoder().String(body)
		if err != nil {
			return path, body
		}
		return path, old
	case 2:
		return path, body[:g.IntN(len(body))]
	case 3:
		return path, body + pick(g, " ", "\x00", "{}", ",", "]", "\xff")
	case 4:
		return path, pick(g, "[", "[[") + body + pick(g, "]", "]]", "")
	case 5:
		return path, pick(g, noObjects...)
	case 6:
		at := g.IntN(len(body))
		return path, body[:at] + string([]byte{byte(g.IntN(256))}) + body[at+1:]
	}
	return path, body
}

// noObjects are bodies of other kinds, and two that are very deep.
var noObjects = []string{"", "\n", "null", "0", `""`, "[]", "{", "\x00", "\xff\xfe", "SessionId=1", strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 9_990) + "1" + strings.Repeat("}", 9_990)}

// object is one of the shapes.
func (g *grammar) object(shape string) string {
	var fields []string
	for field := range strings.FieldsSeq(shapes[shape]) {
		key, kind, _ := strings.Cut(field, ":")
		if kind != "session" && g.often(4+g.wild/2) {
			continue
		}
		fields = append(fields, g.field(key, kind))
		if g.often(g.wild / 4) {
			fields = append(fields, g.field(key, kind)) // once more
		}
	}
	if g.often(g.wild / 2) {
		fields = append(fields, quoted(pick(g, "loop_request", "", "\x00", "$type", "__proto__", "İ", "Session\u212aId", g.own.numbers[0]))+":"+g.wrong())
	}
	if g.often(5) {
		g.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (g *grammar) field(key, kind string) string {
	switch g.IntN(20) {
	case 0:
		key = strings.ToLower(key)
	case 1:
		key = strings.ToUpper(key)
	}
	if kind == "session" && !g.often(g.wild/2) { // what comes after is to be reached
		return quoted(key) + ":" + quoted(g.own.session)
	}
	return quoted(key) + ":" + g.value(kind)
}

func (g *grammar) value(kind string) string {
	switch {
	case !g.often(g.wild):
		return g.right(kind)
	case g.often(30):
		return g.right(pick(g, "session", "number", "barcode", "reference", "act", "day", "money", "count", "text", "phone", "locker", "city", "place", "number[]"))
	}
	return g.wrong()
}

// right is a value of a kind, in one of the forms in which clients write it.
func (g *grammar) right(kind string) string {
	if one, many := strings.CutSuffix(kind, "[]"); many {
		var list []string
		for range pick(g, 1, 1, 1, 2, 3, 1-min(g.wild, 1)) {
			list = append(list, g.value(one))
		}
		text := "[" + strings.Join(list, ",") + "]"
		switch {
		case g.often(g.wild / 2):
			return "[" + text + "]"
		case g.often(g.wild / 2):
			return g.value(one)
		}
		return text
	}
	if _, is := shapes[kind]; is {
		return g.object(kind)
	}
	of := g.own
	if g.wild > 0 && g.often(25) {
		of = g.other.seen
	}
	// text and number give one of a list; of the right ones, which come first, where nothing is to be wrong.
	text := func(right int, list ...string) string {
		if g.wild == 0 {
			list = list[:right]
		}
		return quoted(pick(g, list...))
	}
	number := func(right int, list ...string) string {
		if g.wild == 0 {
			list = list[:right]
		}
		n := pick(g, list...)
		return pick(g, n, n, quoted(n))
	}
	switch kind {
	case "session":
		if g.keeps {
			of = g.own
		}
		return quoted(pick(g, of.session, "00000000-0000-0000-0000-000000000000", "", "x"))
	case "username":
		return text(1, of.login, "nobody", "")
	case "secret":
		return text(1, of.login, "wrong", "", strings.Repeat("p", 73))
	case "ikn":
		return number(1, g.own.contract, g.own.contract, g.own.contract, of.contract)
	case "number":
		if len(g.own.fresh) > 0 && g.often(60) {
			return number(len(g.own.fresh), g.own.fresh...)
		}
		return number(len(of.numbers), append(slices.Clone(of.numbers), "15999999999")...)
	case "barcode":
		return number(len(of.barcodes), append(slices.Clone(of.barcodes), "200010000017")...)
	case "reference":
		return text(len(of.references), append(slices.Clone(of.references), "order-"+fmt.Sprint(g.IntN(30)))...)
	case "order":
		return number(1, append(slices.Clone(g.own.fresh), "1")...)
	case "act":
		return number(len(of.document), append(slices.Clone(of.document), "1", "99999999")...)
	case "locker":
		return text(2, "7701-015", "7701-015", of.locker, "7701-999", "")
	case "city":
		return text(2, "Казань", "казань", "Москва", "г. Казань", "Китеж", "")
	case "region":
		return text(1, "", "Татарстан респ.", "Московская обл.")
	case "cityid":
		return number(2, "992", "1726", "0", "-1", "4711")
	case "index":
		return number(2, "105064", "105", "1", "420000")
	case "state":
		return number(3, "101", "109", "111", "128", "0")
	case "postage":
		return number(2, "10001", "10003", "10002", "0")
	case "getting":
		return number(4, "101", "102", "103", "104", "0")
	case "count":
		return number(1, "1", "2", "3", "0", "-1", "21")
	case "early":
		return number(1, "540", "720", "1020", "1080", "0", "1440")
	case "late":
		return number(2, "1020", "1080", "720", "0", "1440")
	case "cm":
		return number(4, "5", "7", "5.5", "0", "20", "0.01", "64", "1000", "-1", "7,5")
	case "kg":
		return number(3, "1", "1.2", "0.001", "0", "30", "100", "-0.5", "0,5")
	case "money":
		return number(5, "0", "0", "0.00", "1290.5", "990", "0.004", "9999999.99", "-1", "1 290,50", "1\u00a0000")
	case "phone":
		return text(4, "+79031112233", "8 (903) 111-22-33", "9031112233", "+375291234567", "+7903", "")
	case "email":
		return text(2, "a@b.example", "", "nobody", "a@@b")
	case "since":
		return g.date(-8, 0)
	case "until":
		return g.date(0, 8)
	case "day":
		return g.date(1, 20)
	}
	return text(4, "Иванов Пётр", "Книги", "Земляной Вал, 29", "x", "", "Ёлкин №7")
}

// date is one between some days from now, in the ways that are documented and, where something may be wrong, in others and at other times.
func (g *grammar) date(from, to int) string {
	layouts := []string{"02.01.2006", "02.01.06", "02.01.2006 15:04", "02.01.06 15:04", "02.01.2006 15:04:05", "2006-01-02", "2006.01.02"}
	if g.wild > 0 {
		from, to = from-10, to+10
		layouts = append(layouts, "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC3339Nano, time.RFC1123, "01/02/2006", "20060102", "2.1.2006", "Jan _2 15:04:05", "02.01.2006T15:04")
	}
	at := g.now.Add(time.Duration(from*24+g.IntN((to-from)*24)) * time.Hour)
	if g.wild == 0 {
		return quoted(at.Format(pick(g, layouts...)))
	}
	switch g.IntN(12) {
	case 0:
		return fmt.Sprint(pick(g, at.Unix(), at.UnixMilli(), at.UnixNano(), 20261123))
	case 1:
		return quoted(fmt.Sprintf("/Date(%d+0300)/", at.UnixMilli()))
	case 2:
		return quoted(pick(g, "31.02.2026", "00.00.0000", "0000-00-00", "9999-12-31", "99.99.99", "29.02.2027", "23.11.2026 24:00", "23.11.2026 23:59:60", "-1-01-01", "01.01.0001", "today", "23.11.2026\x0000:00"))
	}
	return quoted(at.Format(pick(g, layouts...)))
}

// wrong is nothing that anybody asked for.
func (g *grammar) wrong() string {
	switch g.IntN(30) {
	case 0:
		return "[[" + g.right("number") + "]]"
	case 1:
		return "[" + strings.Repeat(g.right("number")+",", pick(g, 50, 1001)) + "1]"
	case 2:
		return "[" + strings.Repeat("{},", pick(g, 20, 21, 1001)) + "{}]"
	case 3:
		return quoted(strings.Repeat("x", pick(g, 51, 101, 151, 201, 256, 70_000)))
	case 4:
		return quoted(strings.Repeat("Ж", pick(g, 50, 51, 100, 101, 150, 151)))
	case 5:
		return g.right(pick(g, "from", "session", "day"))
	}
	return pick(g, wrongs...)
}

var wrongs = []string{"null", "true", "false", `""`, `" "`, "[]", "{}", "[[]]", "[null]", `[{}]`, `{"a":{"b":[1,[2,[3]]]}}`, `{"$ne":null}`, `{"toString":1}`, strings.Repeat("[", 300) + strings.Repeat("]", 300),
	"0", "-0", "1e400", "-1e400", "1e308", "1e-400", "0.1", "-1", "2147483648", "9223372036854775807", "9223372036854775808", strings.Repeat("9", 400), "1E9", "1e9", "0.30000000000000004",
	`"NaN"`, `"Infinity"`, `"-Inf"`, `"0x10"`, `"1_000"`, `"１２"`, `"1e3"`, `"+5"`, `"٣"`, "01", ".5", "+1", "NaN",
	`"\u0000"`, `"a\u0000b"`, "\"a\x00b\"", `"\ud800"`, `"\udfff\ud800"`, "\"\xff\xfe\"", "\"\xc0\xed\xed\xe0\"", "\"\xf0\x9f\x98\"", `"\uFEFF"`, `"\u202e21"`, `"😀"`, `"\n\r\t"`, `"\u0007"`, `"Иванов\nПётр"`, `"a\u0007b"`, `"a\\"`, `"\x"`,
	`"=HYPERLINK(\"http://x\")"`, `"@SUM(1+1)*cmd|' /C calc'!A0"`, `"'; DROP TABLE shipment; --"`, `"%s%n%d"`, `"{{.}}"`, `"../../../etc/passwd"`, `"<script>alert(1)</script>"`, `"\"],\"x\":[\""`}

// quoted is a JSON string of a text that needs no more than that.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`"`, `\"`, "\x00", `\u0000`).Replace(text) + `"`
}

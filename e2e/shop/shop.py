"""A shop's integration with a PickPoint locker network, as its developers would write it from the API's reference. No packages.

  PICKPOINT_URL=http://127.0.0.1:8401/api PICKPOINT_LOGIN=apitest PICKPOINT_PASSWORD=apitest PICKPOINT_IKN=9990003041 \\
    python3 shop.py register < orders.json

Each verb reads one JSON value and prints one. Where the service refuses, it prints {"refused": {code, text}} and ends with 1.
Every run begins a session and ends it.
"""

import datetime
import json
import os
import re
import sys
import urllib.request

URL, IKN = os.environ["PICKPOINT_URL"], os.environ["PICKPOINT_IKN"]


class Refused(Exception):
    """What the service refused, by its ErrorCode."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def send(method, body=None):
    """One call's bytes and their type. The address ends with a slash or not, so there may be two."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}//{method}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read(), answer.headers.get_content_type()


def read(method, body=None):
    """One call's JSON. Arrays are answers too, and so is a failure in the place of one."""
    data, kind = send(method, body)
    if kind != "application/json":
        raise ValueError(f"{method} answers with {kind}")
    answer = json.loads(data)
    if isinstance(answer, dict) and (code := answer.get("ErrorCode", 0)) != 0:
        if not isinstance(code, int):
            raise ValueError(f"{method}: ErrorCode {code!r}")
        raise Refused(code, answer["Error"])
    return answer


class Shop:
    def __enter__(self):
        self.session = read("login", {"login": os.environ["PICKPOINT_LOGIN"], "password": os.environ["PICKPOINT_PASSWORD"]})["SessionId"]
        return self

    def __exit__(self, *_):
        if read("logout", {"SessionId": self.session})["Success"] is not True:
            raise ValueError("the session was not ended")

    def call(self, method, **body):
        return read(method, {"SessionId": self.session, **body})

    def paper(self, method, file, **body):
        """A document; what does not begin as one is a text that begins with Error."""
        data, _ = send(method, {"SessionId": self.session, **body})
        if not data.startswith(b"%PDF"):
            raise Refused(0, data.decode())
        with open(file, "wb") as out:
            out.write(data)
        return {"bytes": len(data)}

    # The verbs.

    def lockers(self):
        # The list comes by GET, with whatever rests of the session in the query.
        data, _ = send("PostamatList?0=SessionId%3D")
        working = [p for p in json.loads(data) if p["Status"] not in (1, 3) and not p["TemporarilyClosed"]]
        return [{"number": p["Number"], "city": p["CitiName"], "largest": [float(edge) for edge in p["MaxSize"].split("x")]} for p in working]

    def register(self, locker, orders):
        """Single boxes go by the older call, several by the newer."""
        by_id = {order["id"]: order for order in orders}
        created, rejected = [], []
        for method, some in (
            ("createsending", [o for o in orders if len(o["boxes"]) == 1]),
            ("createshipment", [o for o in orders if len(o["boxes"]) > 1]),
        ):
            if not some:
                continue
            answer = self.call(method, Sendings=[sending(locker, o) for o in some])
            for s in answer["CreatedSendings"]:
                barcodes = [place["Barcode"] for place in s["Places"]] if method == "createshipment" else [s["Barcode"]]
                if len(barcodes) != len(by_id[s["SenderCode"]]["boxes"]):
                    raise ValueError(f"{s['SenderCode']} has barcodes {barcodes}")
                created.append({"id": s["SenderCode"], "number": s["InvoiceNumber"], "barcodes": barcodes})
            for s in answer["RejectedSendings"]:
                rejected.append({"id": s["SenderCode"], "code": s["ErrorCode"], "text": s["ErrorMessage"]})
        return {"created": created, "rejected": rejected}

    def labels(self, numbers, file):
        return self.paper("makeZlabel", file, Invoices=numbers)

    def registry(self, numbers, city, region):
        answer = self.call("makeReestrNumber", CityName=city, RegionName=region, DeliveryPoint="", Invoices=numbers)
        return {"numbers": [int(number) for number in answer["Numbers"]]}

    def act(self, registry, file):
        return self.paper("getreestr", file, ReestrNumber=str(registry))

    def registryof(self, number):
        return {"registry": int(self.call("getreestrnumber", InvoiceNumber=number)["Number"])}

    def unlist(self, number):
        return {"done": self.call("removeinvoicefromreestr", IKN=IKN, InvoiceNumber=number)["ErrorCode"] == 0}

    def courier(self, city, address, name, phone, date, places, weight, **window):
        times = {key: str(window[side]) for key, side in (("TimeStart", "from"), ("TimeEnd", "to"))}
        answer = self.call("courier", IKN=IKN, City=city, Address=address, FIO=name, Phone=phone, Date=date.replace("-", "."),
                           Number=str(places), Weight=str(weight), Comment="", **times)
        if not answer["CourierRequestRegistred"]:
            raise Refused(answer["ErrorCode"], answer["Error"])
        return {"order": answer["OrderNumber"]}

    def uncourier(self, order):
        answer = self.call("courierCancel", OrderNumber=order)
        return {"done": answer["Canceled"]}

    def track(self, numbers):
        answer = self.call("tracksendings", Invoices=numbers)
        return {i["InvoiceNumber"]: [step(s) for s in sorted(i["States"], key=lambda s: s["ChangeDT"])] for i in answer["Invoices"]}

    def state(self, number):
        return step(self.call("tracksending", InvoiceNumber=number)[-1])

    def info(self, id):
        return [{"number": s["InvoiceNumber"], "barcodes": s["Barcodes"]} for s in self.call("sendinginfo", SenderInvoiceNumber=id)]

    def cancel(self, number):
        return {"done": self.call("cancelinvoice", InvoiceNumber=int(number))["Result"]}

    def reject(self, number):
        return {"done": self.call("rejectinvoice", InvoiceNumber=int(number))["Result"]}

    # "return" is a word of the language's.
    def return_(self, number):
        invoice = {"InvoiceNumber": number, "SenderCode": "", "AccessCode": "", "Description": "Возврат", "RecipientName": "", "MobilePhone": "+79160000000",
                   "Email": None, "Sum": "0.00"}
        answer = self.call("createreturn", Sendings=[{"EDTN": "1", "IKN": IKN, "Invoice": invoice}])
        for s in answer["RejectedSendings"]:
            raise Refused(s["ErrorCode"], s["ErrorMessage"])
        back = answer["CreatedSendings"][0]
        return {"number": back["InvoiceNumber"], "barcodes": [p["Barcode"] for p in back["Places"]], "codes": [p["ReturnCode"] for p in back["Places"]]}

    def returns(self, **period):
        list_ = self.call("getreturninvoiceslist", DateFrom=day(period["from"]), DateTo=day(period["to"]))["SendingsInfo"]
        return [{"number": s["InvoiceNumber"], "id": s["SenderInvoiceNumber"], "why": s["ReturnReason"]} for s in list_]

    def goods(self, **period):
        acts = self.call("getproductreturnorder", IKN=IKN, DocumentNumber="", DateFrom=day(period["from"]), DateEnd=day(period["to"]))
        return [{"act": a["DocumentNumber"], "number": i["ReturnInvoiceNumber"], "barcodes": [e["Barcode"] for e in i["Encloses"]]} for a in acts for i in a["Invoices"]]

    def changes(self, **period):
        """The older way: what changed, sending by sending and box by box, with times as .NET writes them."""
        answer = self.call("InvoicesChanging", DateFrom=day(period["from"]), DateTo=day(period["to"]))
        return [{"number": i["Number"], "state": s["Code"], "at": dotnet(s["Modified"])} for i in answer["Invoices"] for s in i["Encloses"][0]["Statuses"]]


def sending(locker, order):
    """Everything as text, as it comes out of the shop's forms."""
    places = [
        {"GSBarCode": f"{order['id']}/{place}", "Width": str(box["width"]), "Height": str(box["height"]), "Depth": str(box["depth"]), "Weight": str(box["weight"]),
         "SuBEncloses": [[{"Line": str(place), "ProductCode": "4559802", "Name": "Роман", "Price": "450,00"}]]}
        for place, box in enumerate(order["boxes"], 1)
    ]
    total = order.get("sum", 0)
    invoice = {
        "SenderCode": order["id"], "Description": "", "RecipientName": order["name"], "PostamatNumber": locker, "MobilePhone": order["phone"], "Email": "",
        "ConsultantNumber": "", "PostageType": "10003" if total else "10001", "GettingType": "102", "PayType": "1", "DeliveryMode": "1", "Sum": f"{total:.2f}",
        "SenderCity": {"CityName": "Москва", "RegionName": "Московская обл."}, "ClientReturnAddress": [], "UnclaimedReturnAddress": [],
    }
    invoice.update(places[0] if len(places) == 1 else {"Places": places})
    return {"EDTN": order["id"], "IKN": IKN, "TittleRus": "Лавка", "Invoice": invoice}


def step(s):
    return {"state": s["State"], "text": s["StateMessage"], "at": datetime.datetime.fromisoformat(s["ChangeDT"]).isoformat()}


def day(text):
    return datetime.date.fromisoformat(text).strftime("%d.%m.%Y")


def dotnet(text):
    milliseconds = int(re.fullmatch(r"/Date\((\d+)\+0300\)/", text)[1])
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc).isoformat()


def main(verb):
    try:
        with Shop() as shop:
            print(json.dumps(getattr(shop, verb + "_" if verb == "return" else verb)(**json.load(sys.stdin)), ensure_ascii=False))
    except Refused as refused:
        print(json.dumps({"refused": {"code": refused.code, "text": str(refused)}}, ensure_ascii=False))
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1])

package demo

import (
	"context"
	"errors"
)

// What PickPoint's published sandbox was to its clients' own tests: its login, cities and prices, at our demo's shop and lockers.
const (
	sandboxLogin, sandboxContract = "apitest", "9990003041"

	sandboxCities = "id,owner,name,english,region,country\n" +
		"992,1,Москва,Moscow,Московская обл.,RUS\n" +
		"2,1,Санкт-Петербург,Saint Petersburg,Ленинградская обл.,RUS\n" +
		"1726,1,Казань,Kazan,Татарстан респ.,RUS\n"
	sandboxSites = "locker,city,post_code,street,house,metro,hours,indoors,way,inside\n" +
		lockerID + `,992,125009,Тверская ул.,1,Охотный Ряд;Театральная,"00:00-23:59,00:00-23:59,00:00-23:59,00:00-23:59,00:00-23:59,00:00-23:59,00:00-23:59",true,` +
		"Выход из метро к Тверской улице,В вестибюле справа от входа\n"
	sandboxSecond = secondID + `,1726,420111,ул. Баумана,44,Площадь Тукая,"08:00-22:00,08:00-22:00,08:00-22:00,08:00-22:00,08:00-22:00,09:00-21:00,09:00-21:00",true,` +
		"Пешеходная улица,На первом этаже у лифтов\n"
	sandboxLanes = "from_city,to_city,zone,days,priority\n" +
		"992,992,-1,1-2,1\n992,2,0,2-3,1-2\n1726,992,2,3-5,2-3\n1726,2,3,4-6,3-4\n2,992,0,2-3,1-2\n992,1726,2,3-5,2-3\n2,1726,3,4-6,3-4\n1726,1726,-1,1-2,1\n"
	sandboxPrices = "zone,mode,size,max_kg,name,price,vat\n" +
		"-1,standard,S,5,Доставка до постамата,150,20\n-1,standard,M,15,Доставка до постамата,190,20\n-1,standard,L,30,Доставка до постамата,260,20\n-1,priority,L,30,Срочная доставка,390,20\n" +
		"0,standard,S,5,Доставка до постамата,190,20\n0,standard,M,15,Доставка до постамата,240,20\n0,standard,L,30,Доставка до постамата,330,20\n0,priority,L,30,Срочная доставка,490,20\n" +
		"2,standard,S,5,Доставка до постамата,230,20\n2,standard,M,15,Доставка до постамата,290,20\n2,standard,L,30,Доставка до постамата,400,20\n2,priority,L,30,Срочная доставка,590,20\n" +
		"3,standard,S,5,Доставка до постамата,260,20\n3,standard,M,15,Доставка до постамата,330,20\n3,standard,L,30,Доставка до постамата,450,20\n3,priority,L,30,Срочная доставка,650,20\n"
)

// sandbox lets shops' older software sign in, and says where the locker stands and what carriage costs.
func (n *Network) sandbox(context.Context) error {
	sites := sandboxSites
	if n.second != nil {
		sites += sandboxSecond
	}
	err := n.HubCommand(nil, "merchant", "login", n.merchant, sandboxLogin, sandboxContract, "--password", sandboxLogin)
	for _, table := range []struct{ name, text, room, verb string }{
		{"cities.csv", sandboxCities, "locker", "cities"}, {"sites.csv", sites, "locker", "sites"}, {"lanes.csv", sandboxLanes, "tariff", "lanes"}, {"prices.csv", sandboxPrices, "tariff", "prices"},
	} {
		err = errors.Join(err, n.give(n.users.hub, []byte(table.text), "hub", table.name), n.HubCommand(nil, table.room, table.verb, n.path("hub", table.name)))
	}
	return err
}

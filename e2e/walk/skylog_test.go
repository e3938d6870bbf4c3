package walk

var skylogTries = map[string]try{
	"GET /v1/commands/{id}":                     {at: "$command"},
	"GET /v1/events":                            {query: "?since=beginning&follow=false", headers: stream},
	"GET /v1/history/{service}/{resource}/{id}": {at: "compute server $server"},
	"GET /v1/history":                           {query: "?name=$server"},
}

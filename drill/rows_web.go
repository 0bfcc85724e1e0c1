package drill

var webRows = []Row{}

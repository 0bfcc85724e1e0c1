package drill

var hubRows = []Row{}

package courier

import "context"

// Network is what a carrier's couriers ask of the network: the hub's rooms, or the hub over its door for carriers. Each answer is the
// carrier's of the courier who asks, and what is another's is not found.
type Network interface {
	// Round lists what a courier has to do at the lockers they are sent to.
	Round(ctx context.Context, by Courier) ([]Stop, error)
	// NoRoom takes a courier's word that a locker has no room for a parcel, and says where to take it.
	NoRoom(ctx context.Context, by Courier, locker, barcode string) (Stop, error)
	// Acts are what merchants have ready for the carrier and nobody has accepted, newest first and not more than MaxActs.
	Acts(ctx context.Context, by Courier) ([]Act, error)
	// Act finds one by its number, or by a barcode in it.
	Act(ctx context.Context, by Courier, code string) (Act, error)
	// Accept takes a courier's signed word about an act. The same word again changes nothing.
	Accept(ctx context.Context, by Courier, w Word) (Act, error)
	Streams
}

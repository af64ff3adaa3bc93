// The last events, as they are sent: encoded once, numbered, bounded. Pure.

/// Who may hear of an event, where people see their own jobs only.
enum EventAudience: Sendable, Equatable {
    case everybody
    /// This user and admins.
    case owner(Int)
    case admins
}

/// Events in the order of their numbers, without gaps.
struct EventRing: Sendable {
    struct Entry: Sendable {
        let audience: EventAudience
        /// The job that it is about.
        let job: String?
        let bytes: [UInt8]
    }

    private let countMax: Int
    private let bytesMax: Int
    private var entries: [Entry] = []
    /// Of `entries`: those before are forgotten.
    private var start = 0
    /// Number of the last event, or of the last one before there were any.
    private(set) var last: Int
    private(set) var byteCount = 0

    /// - Parameter last: numbers begin behind this one.
    init(last: Int, countMax: Int, bytesMax: Int) {
        self.last = last
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    var count: Int { entries.count - start }

    /// Number of the first event that is still here; the next one's where none is.
    var first: Int { last - count + 1 }

    /// - Parameter bytes: makes them of the number.
    mutating func append(
        _ audience: EventAudience, job: String?, _ bytes: (_ number: Int) -> [UInt8]
    ) {
        last += 1
        let entry = Entry(audience: audience, job: job, bytes: bytes(last))
        entries.append(entry)
        byteCount += entry.bytes.count
        while count > countMax || (byteCount > bytesMax && count > 1) {
            byteCount -= entries[start].bytes.count
            // Its place stays for a while, its bytes do not.
            entries[start] = Entry(audience: .everybody, job: nil, bytes: [])
            start += 1
        }
        // Moved up seldom, so that an event costs what it is, not what is kept.
        if start > countMax {
            entries.removeFirst(start)
            start = 0
        }
    }

    /// Whether everything behind this number is still here.
    func reaches(back number: Int) -> Bool { number >= first - 1 && number <= last }

    struct Piece: Equatable {
        var bytes: [UInt8] = []
        /// The number of the last event that was looked at, whether it was meant for the reader or
        /// not.
        var place: Int
    }

    /// What follows a number, up to about so many bytes.
    /// - Parameter number: one that the ring reaches back to.
    func read(
        after number: Int, bytesMax: Int, where isMeant: (Entry) -> Bool
    ) -> Piece {
        precondition(reaches(back: number), "these events are gone")
        var piece = Piece(place: number)
        for entry in entries[(start + number - first + 1)...] {
            if isMeant(entry) {
                guard piece.bytes.isEmpty || piece.bytes.count + entry.bytes.count <= bytesMax
                else { break }
                piece.bytes += entry.bytes
            }
            piece.place += 1
        }
        return piece
    }
}

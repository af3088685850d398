/// The ranges of one object on their way: shared by the threads that fetch and the one that reads.
struct RangeWork {
    private let size: Int64
    private let length: Int64
    private let window: Int
    private var nextToFetch = 0
    private var finished = 0
    private var ready: [Int: PartBuffer] = [:]
    private var failure: (any Error)?

    /// `size` bytes in ranges of `length`, of which `window` are held at once.
    init(size: Int64, length: Int64, window: Int) {
        self.size = size
        self.length = length
        self.window = window
    }

    /// How many ranges there are.
    var count: Int { Int((size + length - 1) / length) }

    /// Which bytes a range is.
    func range(_ index: Int) -> Range<Int64> {
        let begin = Int64(index) * length
        return begin..<min(begin + length, size)
    }

    /// What a fetcher does next.
    enum Turn {
        case fetch(Int, Range<Int64>)
        case end
    }

    /// The next range to fetch; nil while there is no room for it.
    mutating func turn() -> Turn? {
        guard failure == nil, nextToFetch < count else { return .end }
        guard nextToFetch < finished + window else { return nil }
        defer { nextToFetch += 1 }
        return .fetch(nextToFetch, range(nextToFetch))
    }

    mutating func fetched(_ index: Int, _ buffer: PartBuffer) { ready[index] = buffer }

    /// The first failure counts: the others follow from it.
    mutating func failed(_ error: any Error) { if failure == nil { failure = error } }

    /// Takes a range out; nil while it is on its way.
    mutating func take(_ index: Int) -> Result<PartBuffer, any Error>? {
        if let buffer = ready.removeValue(forKey: index) { return .success(buffer) }
        return failure.map { .failure($0) }
    }

    /// Makes room: the range that was taken has been read.
    mutating func finish() { finished += 1 }
}

import Dispatch
import Glibc

/// A block on its way through a worker: the input, and what became of it.
final class Block {
    let input: UnsafeMutableRawBufferPointer
    let output: UnsafeMutableRawBufferPointer
    var inputCount = 0
    var outputCount = 0
    /// CRC-32 of the uncompressed side.
    var crc32: UInt32 = 0
    /// Where the block lies in the compressed stream.
    var offset: Int64 = 0
    var problem: CompressionError.Code?

    init(inputSize: Int, outputSize: Int) {
        input = .allocate(byteCount: inputSize, alignment: 64)
        output = .allocate(byteCount: outputSize, alignment: 64)
    }

    deinit {
        input.deallocate()
        output.deallocate()
    }
}

/// A thread with one block: it sleeps until the block is filled, works on it, and says so.
///
/// The block belongs to the ring until `fill` is signalled, to the thread until `done` is.
private final class Lane: @unchecked Sendable {
    let block: Block
    var isBusy = false
    private let work: (Block) -> Void
    private let fill = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    private var isClosing = false
    private var thread = pthread_t()

    init?(block: Block, work: @escaping (Block) -> Void) {
        self.block = block
        self.work = work
        let lane = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, laneMain, lane.toOpaque())
        if code != 0 {
            lane.release()
            return nil
        }
    }

    func run() {
        while true {
            fill.wait()
            if isClosing { return }
            work(block)
            done.signal()
        }
    }

    func start() {
        isBusy = true
        fill.signal()
    }

    func wait() {
        done.wait()
        isBusy = false
    }

    func close() {
        isClosing = true
        fill.signal()
        pthread_join(thread, nil)
    }
}

private func laneMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Lane>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}

/// Blocks worked on by as many threads, filled and emptied in order.
///
/// The ring holds a fixed number of blocks, which bounds the memory: when all are in use, the
/// oldest is waited for and handed on before the next is filled.
final class BlockRing {
    private let lanes: [Lane]
    private var next = 0
    private let deliver: (Block) throws -> Void

    /// Starts the threads. `makeWork` is called once a thread; what it returns runs there.
    init(
        lanes count: Int, inputSize: Int, outputSize: Int, makeWork: () -> ((Block) -> Void)?,
        deliver: @escaping (Block) throws -> Void
    ) throws(ResourcesExhausted) {
        var lanes: [Lane] = []
        for _ in 0..<max(count, 1) {
            let block = Block(inputSize: inputSize, outputSize: outputSize)
            guard let work = makeWork(), let lane = Lane(block: block, work: work) else {
                for lane in lanes { lane.close() }
                throw ResourcesExhausted()
            }
            lanes.append(lane)
        }
        self.lanes = lanes
        self.deliver = deliver
    }

    deinit {
        for lane in lanes { lane.close() }
    }

    /// The block to fill, after what it held has been handed on.
    func block() throws -> Block {
        try empty(lanes[next])
        return lanes[next].block
    }

    /// Gives the block that ``block()`` returned to its thread.
    func submit() {
        lanes[next].start()
        next = (next + 1) % lanes.count
    }

    /// Hands on everything that is under way.
    func drain() throws {
        for step in lanes.indices { try empty(lanes[(next + step) % lanes.count]) }
    }

    private func empty(_ lane: Lane) throws {
        guard lane.isBusy else { return }
        lane.wait()
        try deliver(lane.block)
    }

    /// Threads that keep all cores busy while one more moves the bytes; never more than 16, so
    /// that a large machine does not mean large memory.
    static var defaultLanes: Int {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return min(max(Int(cores), 1) + 1, 16)
    }
}

/// No memory or no thread was to be had.
struct ResourcesExhausted: Error {}

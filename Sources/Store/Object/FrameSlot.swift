// One frame on its way between raw bytes and file: buffers, zstd state, and the hand-over between
// the thread that owns the object and the lane that packs or unpacks.

import Dispatch
import Synchronization

/// Threads that pack or unpack frames, each in the order it was given them.
///
/// Serial queues, dealt out in turn: frames have equal size, so this balances, and the number of
/// busy threads is exactly known.
struct FrameLanes: Sendable {
    private let queues: [DispatchQueue]
    private let pool = SlotPool()

    /// - Parameter count: Threads beside the calling one; with 0 the caller does everything.
    init(count: Int) {
        queues = (0..<count).map { DispatchQueue(label: "layerfold.store.lane-\($0)") }
    }

    /// Frames that can be on their way at once: one per lane, one waiting for each, one in the
    /// caller's hands.
    var slotCount: Int { 2 * queues.count + 1 }

    /// A slot for frames of any size: one that was used before, where there is one.
    ///
    /// New buffers cost more than packing into them: the kernel clears every page first.
    func takeSlot() -> FrameSlot { pool.slots.withLock { $0.popLast() } ?? FrameSlot() }

    /// Keeps slots from `takeSlot`, with nothing on its way in them, for the next object.
    func giveBack(_ used: [FrameSlot]) {
        pool.slots.withLock { slots in
            for slot in used where slots.count < slotCount {
                slot.raw.count = 0
                slots.append(slot)
            }
        }
    }

    private final class SlotPool: Sendable {
        let slots = Mutex<[FrameSlot]>([])
    }

    /// Runs `work` on the lane of frame `index`, or here if there are no lanes.
    func run(frame index: Int, _ work: @escaping @Sendable () -> Void) {
        if queues.isEmpty { work() } else { queues[index % queues.count].async(execute: work) }
    }
}

/// Buffers and state for one frame.
///
/// `@unchecked Sendable`: between `start` and `wait` only the lane touches it, outside only the
/// thread that owns the object; the semaphore orders the two.
@safe final class FrameSlot: @unchecked Sendable {
    /// Raw bytes of the frame.
    let raw: FrameBuffer
    /// The frame as it lies in the file.
    let packed: FrameBuffer
    /// The raw bytes in planes; made when a filter is used.
    private lazy var planes = FrameBuffer(byteCount: rawBytesMax)
    private let rawBytesMax: Int
    private lazy var compressor = ZstdCompressor()
    private lazy var decompressor = ZstdDecompressor()
    private var failure: String?
    private let done = DispatchSemaphore(value: 0)

    /// - Parameter rawBytesMax: Raw bytes that the frames of this object have at most.
    init(rawBytesMax: Int = ObjectFormat.frameBytes) {
        self.rawBytesMax = rawBytesMax
        raw = FrameBuffer(byteCount: rawBytesMax)
        packed = FrameBuffer(byteCount: zstdFrameBytesMax(rawBytes: rawBytesMax))
    }

    /// Begins to turn `raw` into `packed`.
    func startPacking(_ index: Int, on lanes: FrameLanes, filter: ObjectFilter, level: Int32) {
        lanes.run(frame: index) { [self] in
            do throws(ZstdError) {
                if filter == .none {
                    packed.count = try unsafe compressor.compress(
                        raw.filled, into: packed.all, level: level)
                } else {
                    unsafe BytePlanes.split(raw.filled, into: planes.all, filter)
                    planes.count = raw.count
                    packed.count = try unsafe compressor.compress(
                        planes.filled, into: packed.all, level: level)
                }
            } catch {
                failure = error.description
            }
            done.signal()
        }
    }

    /// Begins to turn `packed` into the `rawBytes` bytes of `raw`.
    func startUnpacking(_ index: Int, on lanes: FrameLanes, filter: ObjectFilter, rawBytes: Int) {
        lanes.run(frame: index) { [self] in
            do throws(ZstdError) {
                let target = filter == .none ? raw : planes
                target.count = try unsafe decompressor.decompress(packed.filled, into: target.all)
                if target.count != rawBytes {
                    failure = "unpacks to \(target.count) bytes, expected \(rawBytes)"
                } else if filter != .none {
                    unsafe BytePlanes.join(planes.filled, into: raw.all, filter)
                    raw.count = rawBytes
                }
            } catch {
                failure = error.description
            }
            done.signal()
        }
    }

    /// Waits for what was started.
    /// - Returns: What went wrong, if anything.
    func wait() -> String? {
        done.wait()
        defer { failure = nil }
        return failure
    }
}

/// Memory of fixed size, filled from its start.
@safe final class FrameBuffer {
    private let memory: UnsafeMutableRawBufferPointer
    /// Bytes that mean something.
    var count = 0

    init(byteCount: Int) {
        unsafe memory = .allocate(byteCount: byteCount, alignment: 64)
    }

    var all: UnsafeMutableRawBufferPointer { unsafe memory }

    var filled: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    var capacity: Int { unsafe memory.count }

    var free: Int { capacity - count }

    /// Appends the bytes of `span` from `offset` on, as many as fit.
    /// - Returns: How many.
    func append(_ span: RawSpan, from offset: Int) -> Int {
        let taken = min(free, span.byteCount - offset)
        unsafe span.withUnsafeBytes { bytes in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...])
            unsafe target.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + taken)]))
        }
        count += taken
        return taken
    }

    /// Lends the meaningful bytes.
    func withBytes<Value, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let bytes = unsafe filled
        return try unsafe body(bytes.bytes)
    }

    deinit { unsafe memory.deallocate() }
}

// Letters out of the outbox, in order: three tries each, and no letter in the way of another.

import DurableIO
import Failures
import SystemPackage

/// Sends what waits, and ends when nothing does.
package struct PostRound {
    /// Between the tries of a letter.
    package static let delaysMilliseconds = [60_000, 600_000]
    /// Until a letter's turn comes again where its place was silent for another.
    private static let turnMilliseconds = 60_000
    /// As often a letter waits for that, at most: of a place that is gone for good every letter
    /// would take minutes, and the outbox would be full.
    private static let turnsMax = 20
    /// How often a box is looked into that may get more, and at what cannot be put away.
    private static let lookMilliseconds = 5_000
    private static let stuckMilliseconds = 60_000

    package struct Counts: Sendable, Equatable {
        package var sent = 0
        package var failed = 0
    }

    private let box: LetterBox
    private let carrier: Carrier
    private let pause: (Int) async throws -> Void
    private let note: (String) -> Void
    /// What this process knows of letters, whatever the disk took of it: one that is full must not
    /// make the same letter go out again and again.
    private var known: [String: Letter] = [:]
    /// How often letters have waited for another turn.
    private var turns: [String: Int] = [:]
    /// When what was put away long ago was removed last.
    private var tidiedAt: Int?
    /// Letters that are done with, and where they belong.
    private var over: [String: FilePath] = [:]
    package private(set) var counts = Counts()

    /// - Parameters:
    ///   - pause: waits so many milliseconds.
    ///   - note: is told of each letter on one line.
    package init(
        _ box: LetterBox, _ carrier: Carrier, pause: @escaping (Int) async throws -> Void,
        note: @escaping (String) -> Void
    ) {
        (self.box, self.carrier, self.pause, self.note) = (box, carrier, pause, note)
    }

    /// - Parameter follows: goes on for ever, for machines where nothing starts it when a letter
    ///   is written.
    /// - Throws: where the folder cannot be used at all, and what `pause` throws.
    package mutating func run(follows: Bool) async throws {
        try box.make()
        guard let lock = try FileLock.acquire(box.lock) else {
            note("another process sends the letters of `\(box.folder)`")
            // Who starts us again at once, as letters wait, is not to do so all the time.
            return try await pause(Self.lookMilliseconds)
        }
        while true {
            tidy()
            try await pass()
            let next = try nextTime()
            if next == nil, !follows { break }
            let wait = max(0, (next ?? .max) - carrier.now())
            if wait > 0 { try await pause(min(wait, Self.lookMilliseconds)) }
        }
        _ = consume lock
    }

    /// Once a day. What may not be removed keeps no letter from going out.
    private mutating func tidy() {
        let (now, day) = (carrier.now(), 86_400_000)
        if let tidiedAt, abs(now - tidiedAt) < day { return }
        tidiedAt = now
        let problems = box.tidy(now: now)
        let toldMax = 5
        for problem in problems.prefix(toldMax) {
            note("what was put away long ago stays: \(FaultText.describe(problem))")
        }
        if problems.count > toldMax {
            note("what was put away long ago stays: \(problems.count - toldMax) more")
        }
    }

    /// When there is something to do again; nil where nothing waits.
    private func nextTime() throws -> Int? {
        let contents = try box.waiting()
        let now = carrier.now()
        let times =
            contents.letters.map { letter in
                over[letter.id] == nil
                    ? (known[letter.id] ?? letter).notBeforeMilliseconds ?? now
                    : now + Self.stuckMilliseconds
            } + contents.broken.map { _ in now + Self.stuckMilliseconds }
        return times.min()
    }

    /// Tries each letter whose time has come, once.
    private mutating func pass() async throws {
        let contents = try box.waiting()
        for (name, reason) in contents.broken {
            note("`\(OneLine.text(name))` is no letter: \(reason)")
            _ = putAway(name, to: box.failed)
        }
        var silent: [String: String] = [:]
        // One that heard nothing may be the reason itself: what has not been tried is asked first.
        let letters = contents.letters.map { known[$0.id] ?? $0 }.sorted {
            ($0.tries.count, $0.writtenAtMilliseconds, $0.id)
                < ($1.tries.count, $1.writtenAtMilliseconds, $1.id)
        }
        for letter in letters {
            // One that an earlier process sent, and was killed before it was put away.
            if let place = over[letter.id] ?? (letter.sentAtMilliseconds != nil ? box.sent : nil) {
                putAway(letter, place)
                continue
            }
            let now = carrier.now()
            guard letter.notBeforeMilliseconds ?? now <= now else { continue }
            let place = carrier.place(of: letter)
            if let reason = silent[place] {
                wait(letter, reason)
                continue
            }
            let delivery = await carrier.deliver(letter)
            if case .silent(let reason) = delivery { silent[place] = reason }
            settle(letter, delivery)
        }
    }

    /// Gives a letter another turn, which is no try: nobody has been asked for it.
    private mutating func wait(_ letter: Letter, _ reason: String) {
        let count = turns[letter.id, default: 0] + 1
        guard count <= Self.turnsMax else {
            let words = "given up after \(Self.turnsMax) turns without a try"
            return settle(letter, .never("\(words): for the letter before, \(reason)"))
        }
        turns[letter.id] = count
        if count == 1 { note("\(letter.id) has another turn: for the letter before, \(reason)") }
        var letter = letter
        letter.notBeforeMilliseconds = carrier.now() + Self.turnMilliseconds
        known[letter.id] = letter
    }

    /// Writes down what came of a try.
    private mutating func settle(_ letter: Letter, _ delivery: Delivery) {
        var letter = letter
        let now = carrier.now()
        switch delivery {
        case .sent:
            letter.sentAtMilliseconds = now
            counts.sent += 1
            note("sent \(letter.id)")
            finish(letter, box.sent)
        case .later(let reason), .silent(let reason):
            letter.tries.append(.init(at: now, reason: reason))
            guard letter.tries.count <= Self.delaysMilliseconds.count else {
                return fail(letter, reason)
            }
            letter.notBeforeMilliseconds = now + Self.delaysMilliseconds[letter.tries.count - 1]
            note("try \(letter.tries.count) of \(letter.id): \(reason)")
            known[letter.id] = letter
            write(letter)
        case .never(let reason):
            letter.tries.append(.init(at: now, reason: reason))
            fail(letter, reason)
        }
    }

    private mutating func fail(_ letter: Letter, _ reason: String) {
        counts.failed += 1
        note("failed \(letter.id): \(reason)")
        finish(letter, box.failed)
    }

    private mutating func finish(_ letter: Letter, _ place: FilePath) {
        known[letter.id] = letter
        write(letter)
        putAway(letter, place)
    }

    private mutating func putAway(_ letter: Letter, _ place: FilePath) {
        let isAway = putAway(LetterBox.fileName(letter.id), to: place)
        over[letter.id] = isAway ? nil : place
        if isAway { (known[letter.id], turns[letter.id]) = (nil, nil) }
    }

    private func write(_ letter: Letter) {
        do { try box.replace(letter) } catch { tell(letter.id, error) }
    }

    private func putAway(_ name: String, to place: FilePath) -> Bool {
        do {
            try box.move(name, to: place)
            return true
        } catch {
            tell(name, error)
            // The rename may have been done, and only its being durable is not known.
            return (try? Syscalls.stat(box.outbox.appending(name)) == nil) ?? false
        }
    }

    private func tell(_ name: String, _ error: any Error) {
        note("`\(OneLine.text(name))` stays as it was: \(FaultText.describe(error))")
    }
}

// What a loop knows of itself: its place, and what comes next, which is looked at when asked for.

final class LoopState {
    private var pull: (() throws(ChatTemplateError) -> Value?)?
    /// A slice, of which the first goes without moving those behind it.
    private var ahead: ArraySlice<Value> = []
    private var isAtEnd = false
    private(set) var index0 = -1
    private(set) var current: Value?
    private(set) var previous: Value?

    /// - Parameter pull: the next value, nil behind the last.
    init(_ pull: @escaping () throws(ChatTemplateError) -> Value?) { self.pull = pull }

    func advance() throws(ChatTemplateError) -> Value? {
        guard let value = try next() else { return nil }
        ahead.removeFirst()
        previous = current
        current = value
        index0 += 1
        return value
    }

    /// The value behind the current one; it is not gone to.
    func next() throws(ChatTemplateError) -> Value? {
        if ahead.isEmpty { try look() }
        return ahead.first
    }

    func length() throws(ChatTemplateError) -> Int {
        while !isAtEnd { try look() }
        return index0 + 1 + ahead.count
    }

    /// Nothing is pulled any more. What pulls holds on to the variables, which hold the loop.
    func finish() { pull = nil }

    private func look() throws(ChatTemplateError) {
        guard !isAtEnd else { return }
        if let value = try pull?() { ahead.append(value) } else { isAtEnd = true }
    }
}

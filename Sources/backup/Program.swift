@main
struct Program {
    static func main() {
        print("not yet")
    }
}

export const search = {
  title: "검색",
  everywhere: "모든 채팅에서 검색",
  words: "검색어",
  nothing: "검색 결과가 없습니다.",
  found: "{count, plural, other {메시지 #개를 찾았습니다}}",
  onDevice:
    "서버는 메시지를 읽을 수 없으므로, 이 기기가 지금까지 읽은 메시지에서 찾습니다. 색인은 암호화되어 있습니다.",
  readOlder: "이 채팅의 이전 메시지 읽어 오기",
} as const;

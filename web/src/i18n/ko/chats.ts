export const chats = {
};

export const timeline = {
};
